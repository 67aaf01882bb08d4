# bash completion for smtpcheck. The script calls smtpcheck to find the candidates.

# Splits a line into words as the shell does, without quotes and backslashes. Sets the array `split`, whose last element
# is the word at the end of the line, and `quote`, the quotation mark that is open there.
_smtpcheck_split() {
    local line=$1 char word= begun=
    local -i at
    split=() quote=
    for ((at = 0; at < ${#line}; at++)); do
        char=${line:at:1}
        if [[ -n $quote && $char == "$quote" ]]; then
            quote=
        elif [[ $char == \\ && $quote != \' ]]; then
            at+=1
            word+=${line:at:1} begun=1
        elif [[ -z $quote && ($char == \' || $char == \") ]]; then
            quote=$char begun=1
        elif [[ -z $quote && $char == [[:space:]] ]]; then
            if [[ -n $begun ]]; then
                split+=("$word")
            fi
            word= begun=
        else
            word+=$char begun=1
        fi
    done
    split+=("$word")
}

_smtpcheck() {
    local current=${COMP_WORDS[COMP_CWORD]} typed value strip quote mark
    local -a words split
    _smtpcheck_split "$current"
    current=${split[${#split[@]}-1]}
    _smtpcheck_split "${COMP_LINE:0:COMP_POINT}"
    words=("${split[@]}")
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
            continue
        fi
        value=${value#"$strip"}
        # The line is read by the shell again, so the candidate is quoted. bash closes a quotation mark that is open.
        if [[ $quote == \" ]]; then
            for mark in \\ \" \$ \`; do
                value=${value//"$mark"/\\"$mark"}
            done
        elif [[ -z $quote && $value == *[[:space:]\"\'\\\$\`\&\|\;\<\>\(\)*?#!]* ]]; then
            printf -v value %q "$value"
        fi
        COMPREPLY+=("$value")
    done < <("${COMP_WORDS[0]}" complete -- "${words[@]:1}" 2> /dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2> /dev/null
    fi
}

# A profile is written @NAME. bash would split the word there and complete it as a host name.
COMP_WORDBREAKS=${COMP_WORDBREAKS//@/}
complete -F _smtpcheck smtpcheck
