# Elvish completion for smtpcheck. The script calls smtpcheck to find the candidates.

use str

set edit:completion:arg-completer[smtpcheck] = {|@words|
    (external $words[0]) complete -- (all $words[1..]) 2> /dev/null | from-lines | each {|line|
        var value @help = (str:split "\t" $line)
        if (eq $value :files) {
            edit:complete-filename $words[-1]
        } elif (> (count $help) 0) {
            edit:complex-candidate $value &display=$value' ('$help[0]')'
        } else {
            put $value
        }
    }
}
