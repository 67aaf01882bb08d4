# bash completion for smtpcheck. The script calls smtpcheck to find the candidates.

_smtpcheck() {
    local line=${COMP_LINE:0:COMP_POINT} current=${COMP_WORDS[COMP_CWORD]} typed value strip
    local -a words
    read -ra words <<< "$line"
    if [[ $line == *[[:space:]] ]]; then
        words+=("")
    fi
    typed=${words[${#words[@]}-1]}
    # bash splits words at = and :, and replaces only the last part.
    if [[ $current == [=:] ]]; then
        current=
    fi
    strip=${typed%"$current"}
    COMPREPLY=()
    while IFS=$'\t' read -r value _; do
        if [[ $value == :files ]]; then
            compopt -o filenames 2> /dev/null
            while IFS= read -r value; do
                COMPREPLY+=("$value")
            done < <(compgen -f -- "$current")
        else
            COMPREPLY+=("${value#"$strip"}")
        fi
    done < <("${COMP_WORDS[0]}" complete -- "${words[@]:1}" 2> /dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2> /dev/null
    fi
}

# A profile is written @NAME. bash would split the word there and complete it as a host name.
COMP_WORDBREAKS=${COMP_WORDBREAKS//@/}
complete -F _smtpcheck smtpcheck
