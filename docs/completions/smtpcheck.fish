# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_smtpcheck_global_optspecs
    string join \n p/port= 4/ipv4 6/ipv6 resolve= resolver= connect-timeout= timeout= m/max-time= jobs= max-connections= ehlo= f/from= t/to= quit-after= tls= sni= cacert= cert= key= cert-days= tls-scan= tls-profile= probe= show-chain k/insecure tls-min= u/user= auth= authzid= try-all-mechanisms no-auth allow-plaintext-auth password-stdin password-file= password-command= n/netrc token-command= color= theme= ascii width= format= report= warning= critical= json o/output= write-out= q/quiet v/verbose transcript= fail-on= ignore= expect= retry= wait= config= no-config profile= h/help V/version
end

function __fish_smtpcheck_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_smtpcheck_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]; and not string match -qr '^[0-9]|[.:/@[]' -- $argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_smtpcheck_using_subcommand
    set -l cmd (__fish_smtpcheck_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s p -l port -d 'Port; else the target\'s, else 465 for smtps://, else 587' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l resolve -d 'Use this address for that host and port, as in curl (repeat)' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l resolver -d 'Ask this resolver in the place of the system\'s' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l connect-timeout -d 'Time to connect, look-up included' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l timeout -d 'Time for one reply' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s m -l max-time -d 'Time for everything, for each target' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l jobs -d 'Check up to N targets at once, at most two of them on one host' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l max-connections -d 'Connections to one target, follow-ups included [default: 6, with --tls-scan 24, with --tls-scan=full 150]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l ehlo -l helo -d 'Name to announce [default: this machine\'s]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s f -l from -d 'Sender for MAIL FROM; <> is the null sender [default with --to: the user, else <>]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s t -l to -d 'Recipient for RCPT TO (repeat); no message is ever sent' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l quit-after -d 'Stop after this step: connect, banner, ehlo, starttls, auth, mail, rcpt' -r -f -a "connect\t''
banner\t''
ehlo\t''
starttls\t''
auth\t''
mail\t''
rcpt\t''"
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l tls -d 'auto (implicit on 465, else STARTTLS if offered), starttls (required), implicit, none' -r -f -a "auto\t''
starttls\t''
implicit\t''
none\t''"
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l sni -d 'Name to ask for, and to expect in the certificate [default: the host]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l cacert -d 'Trust the certificates in this PEM file, in the place of the system\'s' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l cert -d 'Certificate to show when the server asks for one, PEM with its chain' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l key -d 'Key of that certificate, PEM [default: the file of --cert]' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l cert-days -d 'Days before the end of a certificate that are a warning, and an error' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l tls-scan -d 'Look for the versions, weak cipher suites, groups and certificates that the server accepts; with =full list all suites and groups' -r -f -a "basic\t''
full\t''"
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l tls-profile -d 'Compare with a published profile, and say what must change: mozilla-intermediate, mozilla-modern, ncsc-nl-2025, bsi-tr-03116 (implies --tls-scan=full)' -r -f -a "mozilla-intermediate\t''
mozilla-modern\t''
ncsc-nl-2025\t''
bsi-tr-03116\t''"
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l probe -d 'Try what a careful guest does not do unasked (repeat): starttls-injection, mail-before-tls, auth-before-tls' -r -f -a "starttls-injection\t''
mail-before-tls\t''
auth-before-tls\t''"
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l tls-min -d 'Lowest version to offer: 1.2 or 1.3' -r -f -a "1.2\t''
1.3\t''"
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s u -l user -d 'User to log in; without it AUTH is only looked at' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l auth -d 'Mechanisms to use, best first, with commas between' -r -f -a "SCRAM-SHA-512-PLUS\t''
SCRAM-SHA-256-PLUS\t''
SCRAM-SHA-1-PLUS\t''
SCRAM-SHA-512\t''
SCRAM-SHA-256\t''
SCRAM-SHA-1\t''
PLAIN\t''
LOGIN\t''
CRAM-MD5\t''
DIGEST-MD5\t''
NTLM\t''
OAUTHBEARER\t''
XOAUTH2\t''
EXTERNAL\t''
ANONYMOUS\t''"
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l authzid -d 'Act as this user, if the server lets USER do that' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l password-file -d 'Read the password from this file' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l password-command -d 'Read the password from the output of this command' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l token-command -d 'Read an OAuth 2.0 access token from the output of this command, and log in with it' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l color -d 'auto, always, never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l theme -d 'default, light, colorblind, mono' -r -f -a "default\t''
light\t''
colorblind\t''
mono\t''"
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l width -d 'Columns [default: the terminal\'s, else 80]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l format -d 'text, json, ndjson, junit, github, nagios, prometheus, markdown or html' -r -f -a "text\t''
json\t''
ndjson\t''
junit\t''
github\t''
nagios\t''
prometheus\t''
markdown\t''
html\t''"
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l report -d 'Write a report to a file too, whole or not at all (repeat): junit=smtpcheck.xml' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l warning -d 'Seconds that are a WARNING in the format nagios, a number or a range [@]start:end' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l critical -d 'Seconds that are CRITICAL there' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s o -l output -d 'Write to this file, whole or not at all' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l write-out -d 'Print this instead, such as \'%{exit} %{tls_version} %{total_ms}\\n\'' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l transcript -d 'How much of the conversation: full, problems, none' -r -f -a "full\t''
problems\t''
none\t''"
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l fail-on -d 'Fail from this severity on: error, warning, notice, never' -r -f -a "error\t''
warning\t''
notice\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l ignore -d 'Do not count findings of this rule (repeat)' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l expect -d 'What must hold, such as \'tls.version >= 1.2\' or \'rcpt.class == 5\' (repeat)' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l retry -d 'Try so many times more when the result is exit 3 or 4, with growing pauses' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l wait -d 'Spread those tries over this time; without --retry, try until it has passed' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l config -d 'Read this configuration file [default: ~/.config/smtpcheck/config.toml]' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l profile -d 'Use this profile of the configuration file, as @NAME does' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l show-chain -d 'Show the certificates as PEM'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s k -l insecure -d 'Accept any certificate, and send it the password too'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l try-all-mechanisms -d 'After a refusal try the next mechanism with the same password; each try counts towards a lock-out'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l no-auth -d 'Do not log in, even with --user'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l allow-plaintext-auth -d 'Send the password even over a line that is not encrypted'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l password-stdin -d 'Read the password from standard input'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s n -l netrc -d 'Take user and password of the host from ~/.netrc, or the file that NETRC names'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l ascii -d 'ASCII signs only'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l json -d 'The same as --format json'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s q -l quiet -d 'The verdict line only'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s v -l verbose -d 'Certificates, follow-ups and odd bytes in full'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -l no-config -d 'Read no configuration file'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s h -l help -d 'Print help'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -s V -l version -d 'Print version'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -f -a "check" -d 'Says why mail does not flow: checks one SMTP server, shows the conversation, names the cause and the fix. Never sends a message.'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -f -a "run" -d 'Runs a suite: checks in a TOML file, with what must hold of each. For CI. Never sends a message.'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -f -a "ports" -d 'Looks at the mail ports of a host at once, and says which one to use. Never logs in, never sends a message.'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -f -a "explain" -d 'Explains rules, codes, replies and logs: what it is, what it means, how sure, what to do. Offline.'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -f -a "demo" -d 'Starts a server with a known fault on this machine and checks it: the main job, without a network.'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -f -a "sandbox" -d 'Serves SMTP servers that misbehave on purpose, to try any mail program against; until Ctrl-C. Each has one fault, or none. Messages are thrown away.'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -f -a "providers" -d 'Shows known providers: hosts, ports, TLS mode, what they want for a user name and a password. Offline.'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -f -a "report" -d 'Shows saved reports in any format, or what has changed between two of them. Offline.'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -f -a "config" -d 'Shows each value that a check would use, with where it came from: environment, profile, configuration file or default.'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -f -a "completions" -d 'Prints completions for a shell: words, flags and the values that a flag takes.'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -f -a "man" -d 'Prints the manual page of smtpcheck, or of one of its verbs.'
complete -c smtpcheck -n "__fish_smtpcheck_needs_command" -f -a "schema" -d 'Prints the JSON Schema (2020-12) of the report, or of what another verb prints with --json'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s p -l port -d 'Port; else the target\'s, else 465 for smtps://, else 587' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l resolve -d 'Use this address for that host and port, as in curl (repeat)' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l resolver -d 'Ask this resolver in the place of the system\'s' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l connect-timeout -d 'Time to connect, look-up included' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l timeout -d 'Time for one reply' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s m -l max-time -d 'Time for everything, for each target' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l jobs -d 'Check up to N targets at once, at most two of them on one host' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l max-connections -d 'Connections to one target, follow-ups included [default: 6, with --tls-scan 24, with --tls-scan=full 150]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l ehlo -l helo -d 'Name to announce [default: this machine\'s]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s f -l from -d 'Sender for MAIL FROM; <> is the null sender [default with --to: the user, else <>]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s t -l to -d 'Recipient for RCPT TO (repeat); no message is ever sent' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l quit-after -d 'Stop after this step: connect, banner, ehlo, starttls, auth, mail, rcpt' -r -f -a "connect\t''
banner\t''
ehlo\t''
starttls\t''
auth\t''
mail\t''
rcpt\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l tls -d 'auto (implicit on 465, else STARTTLS if offered), starttls (required), implicit, none' -r -f -a "auto\t''
starttls\t''
implicit\t''
none\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l sni -d 'Name to ask for, and to expect in the certificate [default: the host]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l cacert -d 'Trust the certificates in this PEM file, in the place of the system\'s' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l cert -d 'Certificate to show when the server asks for one, PEM with its chain' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l key -d 'Key of that certificate, PEM [default: the file of --cert]' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l cert-days -d 'Days before the end of a certificate that are a warning, and an error' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l tls-scan -d 'Look for the versions, weak cipher suites, groups and certificates that the server accepts; with =full list all suites and groups' -r -f -a "basic\t''
full\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l tls-profile -d 'Compare with a published profile, and say what must change: mozilla-intermediate, mozilla-modern, ncsc-nl-2025, bsi-tr-03116 (implies --tls-scan=full)' -r -f -a "mozilla-intermediate\t''
mozilla-modern\t''
ncsc-nl-2025\t''
bsi-tr-03116\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l probe -d 'Try what a careful guest does not do unasked (repeat): starttls-injection, mail-before-tls, auth-before-tls' -r -f -a "starttls-injection\t''
mail-before-tls\t''
auth-before-tls\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l tls-min -d 'Lowest version to offer: 1.2 or 1.3' -r -f -a "1.2\t''
1.3\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s u -l user -d 'User to log in; without it AUTH is only looked at' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l auth -d 'Mechanisms to use, best first, with commas between' -r -f -a "SCRAM-SHA-512-PLUS\t''
SCRAM-SHA-256-PLUS\t''
SCRAM-SHA-1-PLUS\t''
SCRAM-SHA-512\t''
SCRAM-SHA-256\t''
SCRAM-SHA-1\t''
PLAIN\t''
LOGIN\t''
CRAM-MD5\t''
DIGEST-MD5\t''
NTLM\t''
OAUTHBEARER\t''
XOAUTH2\t''
EXTERNAL\t''
ANONYMOUS\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l authzid -d 'Act as this user, if the server lets USER do that' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l password-file -d 'Read the password from this file' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l password-command -d 'Read the password from the output of this command' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l token-command -d 'Read an OAuth 2.0 access token from the output of this command, and log in with it' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l color -d 'auto, always, never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l theme -d 'default, light, colorblind, mono' -r -f -a "default\t''
light\t''
colorblind\t''
mono\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l width -d 'Columns [default: the terminal\'s, else 80]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l format -d 'text, json, ndjson, junit, github, nagios, prometheus, markdown or html' -r -f -a "text\t''
json\t''
ndjson\t''
junit\t''
github\t''
nagios\t''
prometheus\t''
markdown\t''
html\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l report -d 'Write a report to a file too, whole or not at all (repeat): junit=smtpcheck.xml' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l warning -d 'Seconds that are a WARNING in the format nagios, a number or a range [@]start:end' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l critical -d 'Seconds that are CRITICAL there' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s o -l output -d 'Write to this file, whole or not at all' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l write-out -d 'Print this instead, such as \'%{exit} %{tls_version} %{total_ms}\\n\'' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l transcript -d 'How much of the conversation: full, problems, none' -r -f -a "full\t''
problems\t''
none\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l fail-on -d 'Fail from this severity on: error, warning, notice, never' -r -f -a "error\t''
warning\t''
notice\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l ignore -d 'Do not count findings of this rule (repeat)' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l expect -d 'What must hold, such as \'tls.version >= 1.2\' or \'rcpt.class == 5\' (repeat)' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l retry -d 'Try so many times more when the result is exit 3 or 4, with growing pauses' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l wait -d 'Spread those tries over this time; without --retry, try until it has passed' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l config -d 'Read this configuration file [default: ~/.config/smtpcheck/config.toml]' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l profile -d 'Use this profile of the configuration file, as @NAME does' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l show-chain -d 'Show the certificates as PEM'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s k -l insecure -d 'Accept any certificate, and send it the password too'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l try-all-mechanisms -d 'After a refusal try the next mechanism with the same password; each try counts towards a lock-out'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l no-auth -d 'Do not log in, even with --user'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l allow-plaintext-auth -d 'Send the password even over a line that is not encrypted'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l password-stdin -d 'Read the password from standard input'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s n -l netrc -d 'Take user and password of the host from ~/.netrc, or the file that NETRC names'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l ascii -d 'ASCII signs only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l json -d 'The same as --format json'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s q -l quiet -d 'The verdict line only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s v -l verbose -d 'Certificates, follow-ups and odd bytes in full'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -l no-config -d 'Read no configuration file'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand check" -s h -l help -d 'Print help'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l only -d 'Run checks of this tag or name only (repeat)' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -s j -l jobs -d 'Checks at once, two of them with one host at most' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l set -d 'Give a variable of the suite a value; it takes precedence over the environment (repeat)' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l record -d 'Check this server once, and write a suite that expects what is seen; flags of the check follow after --' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l format -d 'How the result is shown, as for a check' -r -f -a "text\t''
json\t''
ndjson\t''
junit\t''
github\t''
nagios\t''
prometheus\t''
markdown\t''
html\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l report -d 'Write a report to a file too, whole or not at all (repeat): junit=smtpcheck.xml' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -s o -l output -d 'Write to this file, whole or not at all' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l transcript -d 'How much of the conversation: full, problems, none' -r -f -a "full\t''
problems\t''
none\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l color -d 'auto, always, never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l theme -d 'default, light, colorblind, mono' -r -f -a "default\t''
light\t''
colorblind\t''
mono\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l width -d 'Columns [default: the terminal\'s, else 80]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l fail-fast -d 'Start no further check after the first failure'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l list -d 'List the checks'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l dry-run -d 'Read everything, say what would be done, and send nothing'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l json -d 'The same as --format json, see `smtpcheck schema run`'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -s q -l quiet -d 'A line for each check only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -s v -l verbose -d 'The whole report of each check, not only of those that fail'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -l ascii -d 'ASCII signs only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand run" -s h -l help -d 'Print help'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l ports -d 'Ports to look at; those that end in 465 speak TLS from the first byte, the others STARTTLS' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l resolve -d 'Use this address for that host, on all ports (repeat)' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l resolver -d 'Ask this resolver in the place of the system\'s' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l connect-timeout -d 'Time to connect, look-up included' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l timeout -d 'Time for one reply' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -s m -l max-time -d 'Time for everything' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l ehlo -l helo -d 'Name to announce [default: this machine\'s]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l sni -d 'Name to ask for, and to expect in the certificate [default: the host]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l cacert -d 'Trust the certificates in this PEM file, in the place of the system\'s' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -s o -l output -d 'Write to this file, whole or not at all' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l color -d 'auto, always, never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l theme -d 'default, light, colorblind, mono' -r -f -a "default\t''
light\t''
colorblind\t''
mono\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l width -d 'Columns [default: the terminal\'s, else 80]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l fail-on -d 'Fail from this severity on: error, warning, notice, never' -r -f -a "error\t''
warning\t''
notice\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l ignore -d 'Do not count findings of this rule (repeat)' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l config -d 'Read this configuration file [default: ~/.config/smtpcheck/config.toml]' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l profile -d 'Use this profile of the configuration file, as @NAME does' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l json -d 'One JSON document, see `smtpcheck schema ports`'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -s q -l quiet -d 'The verdict line only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -s v -l verbose -d 'The conversation and the whole report of each port, below the table'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l ascii -d 'ASCII signs only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -l no-config -d 'Read no configuration file'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand ports" -s h -l help -d 'Print help'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand explain" -l phase -d 'The step, where the input does not tell it: greeting, ehlo, starttls, auth, mail, rcpt, data' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand explain" -l provider -d 'Whose replies they are, where the input does not tell it: a provider or software, by id, name or host' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand explain" -l color -d 'auto, always, never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand explain" -l theme -d 'default, light, colorblind, mono' -r -f -a "default\t''
light\t''
colorblind\t''
mono\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand explain" -l width -d 'Columns [default: the terminal\'s, else 80]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand explain" -l list -d 'List all rules'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand explain" -l json -d 'One JSON object a line for each thing that is recognised'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand explain" -s v -l verbose -d 'Also show where the meaning comes from'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand explain" -l ascii -d 'ASCII signs only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand explain" -s h -l help -d 'Print help'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand demo" -l format -d 'text, json' -r -f -a "text\t''
json\t''
ndjson\t''
junit\t''
github\t''
nagios\t''
prometheus\t''
markdown\t''
html\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand demo" -l transcript -d 'full, problems, none' -r -f -a "full\t''
problems\t''
none\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand demo" -l color -d 'auto, always, never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand demo" -l theme -d 'default, light, colorblind, mono' -r -f -a "default\t''
light\t''
colorblind\t''
mono\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand demo" -l width -d 'Columns [default: the terminal\'s, else 80]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand demo" -l json -d 'Short for --format json'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand demo" -s q -l quiet -d 'Print the verdict line only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand demo" -s v -l verbose -d 'Print raw bytes, certificates, follow-ups in full'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand demo" -l ascii -d 'ASCII signs only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand demo" -s h -l help -d 'Print help'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -s p -l port -d 'The port of the first scenario, the next one for each further [default: free ones]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -l listen -d 'The address to listen on' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -l fleet -d 'One server on every address of 127.0.0.0/8, drawn by this number (Linux)' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -l count -d 'How many servers of a fleet --list shows' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -l dns -d 'Answer names below test on this UDP and TCP port, 0 for a free one: SCENARIO.test and others' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -l ca-file -d 'Write the authority that clients should trust here [default: a temporary file]' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -l color -d 'auto, always, never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -l theme -d 'default, light, colorblind, mono' -r -f -a "default\t''
light\t''
colorblind\t''
mono\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -l width -d 'Columns [default: the terminal\'s, else 80]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -l list -d 'List the scenarios, and serve none (with --fleet: the servers of its first addresses)'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -l allow-remote -d 'Serve clients of other machines too'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -l json -d 'One JSON object a line'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -s q -l quiet -d 'Do not tell what clients do'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -l ascii -d 'ASCII signs only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand sandbox" -s h -l help -d 'Print help'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand providers" -l color -d 'auto, always, never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand providers" -l theme -d 'default, light, colorblind, mono' -r -f -a "default\t''
light\t''
colorblind\t''
mono\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand providers" -l width -d 'Columns [default: the terminal\'s, else 80]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand providers" -l json -d 'A list of JSON objects, one a provider'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand providers" -l ascii -d 'ASCII signs only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand providers" -s h -l help -d 'Print help'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -l format -d 'text, json, ndjson, junit, github, nagios, prometheus, markdown or html; of what has changed text or json' -r -f -a "text\t''
json\t''
ndjson\t''
junit\t''
github\t''
nagios\t''
prometheus\t''
markdown\t''
html\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -l report -d 'Write a report to a file too, whole or not at all (repeat): junit=smtpcheck.xml' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -s o -l output -d 'Write to this file, whole or not at all' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -l transcript -d 'How much of the conversation: full, problems, none' -r -f -a "full\t''
problems\t''
none\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -l color -d 'auto, always, never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -l theme -d 'default, light, colorblind, mono' -r -f -a "default\t''
light\t''
colorblind\t''
mono\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -l width -d 'Columns [default: the terminal\'s, else 80]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -l rejudge -d 'Judge what was seen again, with the rules of this version'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -l merge -d 'Show two files one after the other, in the place of what has changed'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -l json -d 'The same as --format json'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -s q -l quiet -d 'The verdict line only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -s v -l verbose -d 'Certificates, follow-ups and odd bytes in full'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -l ascii -d 'ASCII signs only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand report" -s h -l help -d 'Print help'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand config" -l config -d 'Read this configuration file [default: ~/.config/smtpcheck/config.toml]' -r -F
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand config" -l profile -d 'Use this profile of the configuration file, as @NAME does' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand config" -l color -d 'auto, always, never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand config" -l theme -d 'default, light, colorblind, mono' -r -f -a "default\t''
light\t''
colorblind\t''
mono\t''"
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand config" -l width -d 'Columns [default: the terminal\'s, else 80]' -r -f
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand config" -l json -d 'One JSON document'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand config" -l no-config -d 'Read no configuration file'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand config" -l ascii -d 'ASCII signs only'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand config" -s h -l help -d 'Print help'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand completions" -s h -l help -d 'Print help'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand man" -s h -l help -d 'Print help'
complete -c smtpcheck -n "__fish_smtpcheck_using_subcommand schema" -s h -l help -d 'Print help'
