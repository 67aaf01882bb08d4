# fish completion for smtpcheck. The script calls smtpcheck to find the candidates.

function __smtpcheck_candidates
    set -l words (commandline -opc)
    set -l current (commandline -ct | string collect --allow-empty)
    for line in ($words[1] complete -- $words[2..-1] "$current" 2> /dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end

complete -c smtpcheck -f -a '(__smtpcheck_candidates)'
