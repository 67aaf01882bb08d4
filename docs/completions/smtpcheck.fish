# fish completion for smtpcheck. The script calls smtpcheck to find the candidates.

function __smtpcheck_candidates
    set -l words (commandline -opc)
    set -l typed (commandline -ct | string collect --allow-empty)
    # The word can begin with a quotation mark, or contain characters after a backslash. fish quotes the candidates.
    set -l current (string replace -r '^["\']' '' -- "$typed" | string replace -ra '\\\\(.)' '$1' | string collect --allow-empty)
    for line in ($words[1] complete -- $words[2..-1] "$current" 2> /dev/null)
        if test "$line" = :files
            __fish_complete_path "$typed"
        else
            echo $line
        end
    end
end

complete -c smtpcheck -f -a '(__smtpcheck_candidates)'
