#!/usr/bin/env bash
# The script that action.yml runs. Inputs are passed as INPUT_* variables. They are never evaluated by a shell, because
# each input becomes one or more elements of an array. The password is passed in the environment, never as an argument.
set -euo pipefail

# The prefix makes sure that the message is not a workflow command: GitHub executes log lines that begin with ::.
fail() {
    printf 'smtpcheck action: %s\n' "$1" >&2
    exit 2
}

# Prints each line of an input, terminated by NUL. Omits empty lines and the carriage returns of Windows line endings.
lines() {
    local line
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line%$'\r'}
        [ -z "$line" ] || printf '%s\0' "$line"
    done <<<"$1"
}

# Prints the platform in the name of the release archive.
platform() {
    case "${RUNNER_OS:-}/${RUNNER_ARCH:-}" in
        Linux/X64) echo x86_64-unknown-linux-musl ;;
        Linux/ARM64) echo aarch64-unknown-linux-musl ;;
        macOS/X64) echo x86_64-apple-darwin ;;
        macOS/ARM64) echo aarch64-apple-darwin ;;
        Windows/X64) echo x86_64-pc-windows-msvc ;;
        *) fail "no release exists for ${RUNNER_OS:-?} on ${RUNNER_ARCH:-?}; set the input program" ;;
    esac
}

check_sum() {
    if command -v sha256sum >/dev/null; then
        sha256sum --check --quiet -
    else
        shasum -a 256 --check --quiet -
    fi
}

# Downloads and verifies a release, and prints the path of the program.
install() {
    local version=${INPUT_VERSION:-latest} repository=${ACTION_REPOSITORY:-} folder platform ending url file
    [[ $version =~ ^(latest|v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?)$ ]] ||
        fail "invalid input version: expected latest or a version such as 0.1.0"
    [[ $repository =~ ^[0-9A-Za-z_.-]+/[0-9A-Za-z_.-]+$ ]] || fail "the repository of this action is unknown"
    platform=$(platform)
    ending=tar.gz
    [ "${RUNNER_OS:-}" != Windows ] || ending=zip
    file=smtpcheck-$platform.$ending
    if [ "$version" = latest ]; then
        url=https://github.com/$repository/releases/latest/download
    else
        url=https://github.com/$repository/releases/download/v${version#v}
    fi
    folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/smtpcheck.XXXXXX")
    cd "$folder"
    curl --fail --silent --show-error --location --proto '=https' --retry 3 --remote-name "$url/$file" \
        --remote-name "$url/SHA256SUMS" || fail "cannot download the release from $url"
    grep -F "  $file" SHA256SUMS | check_sum || fail "checksum mismatch for $file"
    # The build attestation is signed by the release workflow.
    if command -v gh >/dev/null && [ -n "${GH_TOKEN:-}" ]; then
        gh attestation verify "$file" --repo "$repository" >/dev/null || fail "cannot verify the provenance of $file"
    fi
    if [ "$ending" = zip ]; then
        unzip -q "$file"
    else
        tar xzf "$file"
    fi
    echo "$folder/smtpcheck-$platform/smtpcheck"
}

main() {
    local program=${INPUT_PROGRAM:-} word code=0
    local -a words=() targets=()
    while IFS= read -r -d '' word; do targets+=("$word"); done < <(lines "${INPUT_TARGET:-}")
    if [ -n "${INPUT_SUITE:-}" ] && [ ${#targets[@]} -gt 0 ]; then
        fail "set the input target or suite, not both"
    elif [ -z "${INPUT_SUITE:-}" ] && [ ${#targets[@]} -eq 0 ]; then
        fail "set the input target or suite"
    fi
    if [ -n "${INPUT_SUITE:-}" ]; then words=(run); else words=(check); fi
    [ -z "${INPUT_FORMAT:-}" ] || words+=("--format=$INPUT_FORMAT")
    while IFS= read -r -d '' word; do words+=("$word"); done < <(lines "${INPUT_ARGUMENTS:-}")
    # smtpcheck does not parse arguments after -- as flags.
    if [ -n "${INPUT_SUITE:-}" ]; then words+=(-- "$INPUT_SUITE"); else words+=(-- "${targets[@]}"); fi
    [ -n "$program" ] || program=$(install)
    if [ -n "${INPUT_PASSWORD:-}" ]; then
        export SMTPCHECK_PASSWORD=$INPUT_PASSWORD
    fi
    unset INPUT_PASSWORD GH_TOKEN
    "$program" "${words[@]}" || code=$?
    [ -z "${GITHUB_OUTPUT:-}" ] || printf 'exit-code=%d\n' "$code" >>"$GITHUB_OUTPUT"
    exit "$code"
}

main
