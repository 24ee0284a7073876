# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_hayesctl_global_optspecs
    string join \n bus= json q/quiet h/help V/version
end

function __fish_hayesctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_hayesctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_hayesctl_using_subcommand
    set -l cmd (__fish_hayesctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c hayesctl -n "__fish_hayesctl_needs_command" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_needs_command" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -s V -l version -d 'Print version'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "mail" -d 'Mail'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "pop3" -d 'Mailboxes: on the server, and what was fetched into hayesd\'s inbox'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "ftp" -d 'Files on a server'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "job" -d 'Jobs: requests under way or done'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "modem" -d 'Modules that hayesd drives'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "emulator" -d 'Modules that hayesd plays for equipment'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "account" -d 'Servers, and who we are to them'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "trace" -d 'Print the dialogue of a modem or an emulator from now on, until Ctrl-C; for whoever administrates the machine'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "port" -d 'Which serial ports hayesd may use; for root'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "status" -d 'Tell how hayesd is, and its modems and emulators'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "reload" -d 'Let hayesd read its configuration again'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "log-level" -d 'Change how much hayesd logs until it ends'
complete -c hayesctl -n "__fish_hayesctl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and not __fish_seen_subcommand_from send queue flush help" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and not __fish_seen_subcommand_from send queue flush help" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and not __fish_seen_subcommand_from send queue flush help" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and not __fish_seen_subcommand_from send queue flush help" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and not __fish_seen_subcommand_from send queue flush help" -f -a "send" -d 'Send a mail; the text comes from standard input'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and not __fish_seen_subcommand_from send queue flush help" -f -a "queue" -d 'List mails that are not settled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and not __fish_seen_subcommand_from send queue flush help" -f -a "flush" -d 'Try deferred mails now: one\'s own, for root those of all users'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and not __fish_seen_subcommand_from send queue flush help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -s a -l account -d 'The account that sends; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l to -d 'More recipients' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -s c -l cc -d 'Recipients of copies' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -s b -l bcc -d 'Recipients of copies whom nobody else sees' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -s r -l from -d 'Sender; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l reply-to -d 'Where answers go' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -s s -l subject -d 'The subject' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l text -d 'The text itself' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l text-file -d 'A file with the text; - is standard input' -r -F
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l html-file -d 'A file with the text as HTML' -r -F
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -s A -l attach -d 'A file to attach; the ending of its name tells its type' -r -F
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -s H -l header -d 'A further header field' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l timeout -d 'Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd\'s queue decides' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l via -d 'Ways out in their order: ip, modem:NAME; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l token -d 'Name this request: asked for again with the same token, it is the same job' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l raw -d 'Standard input is a whole message for the recipients given'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -s t -l read-recipients -d 'Standard input is a whole message whose header names the recipients, as for sendmail'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -s i -d 'Accepted for scripts that call sendmail: a single dot never ends a message here'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l no-wait -d 'Leave the job to hayesd and print its number'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l final -d 'Wait through all attempts until the job is done, failed or cancelled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from queue" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from queue" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from queue" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from queue" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from flush" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from flush" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from flush" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from flush" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from help" -f -a "send" -d 'Send a mail; the text comes from standard input'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from help" -f -a "queue" -d 'List mails that are not settled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from help" -f -a "flush" -d 'Try deferred mails now: one\'s own, for root those of all users'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand mail; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and not __fish_seen_subcommand_from check fetch top delete list show forget help" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and not __fish_seen_subcommand_from check fetch top delete list show forget help" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and not __fish_seen_subcommand_from check fetch top delete list show forget help" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and not __fish_seen_subcommand_from check fetch top delete list show forget help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and not __fish_seen_subcommand_from check fetch top delete list show forget help" -f -a "check" -d 'Look into the mailbox on the server'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and not __fish_seen_subcommand_from check fetch top delete list show forget help" -f -a "fetch" -d 'Fetch messages into the inbox: all that were not fetched before, or those named'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and not __fish_seen_subcommand_from check fetch top delete list show forget help" -f -a "top" -d 'Print the header of a message on the server and the first lines of its text'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and not __fish_seen_subcommand_from check fetch top delete list show forget help" -f -a "delete" -d 'Delete messages on the server; what was fetched of them stays'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and not __fish_seen_subcommand_from check fetch top delete list show forget help" -f -a "list" -d 'List the inbox: messages that were fetched'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and not __fish_seen_subcommand_from check fetch top delete list show forget help" -f -a "show" -d 'Print a message that was fetched'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and not __fish_seen_subcommand_from check fetch top delete list show forget help" -f -a "forget" -d 'Remove messages from the inbox; the server is not asked, nor are they fetched again'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and not __fish_seen_subcommand_from check fetch top delete list show forget help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from check" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from check" -l timeout -d 'Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd\'s queue decides' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from check" -l via -d 'Ways out in their order: ip, modem:NAME; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from check" -l token -d 'Name this request: asked for again with the same token, it is the same job' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from check" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from check" -l no-wait -d 'Leave the job to hayesd and print its number'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from check" -l final -d 'Wait through all attempts until the job is done, failed or cancelled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from check" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from check" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from fetch" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from fetch" -l timeout -d 'Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd\'s queue decides' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from fetch" -l via -d 'Ways out in their order: ip, modem:NAME; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from fetch" -l token -d 'Name this request: asked for again with the same token, it is the same job' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from fetch" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from fetch" -s d -l delete -d 'Delete on the server what was fetched, once it is safe on disk here'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from fetch" -l no-wait -d 'Leave the job to hayesd and print its number'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from fetch" -l final -d 'Wait through all attempts until the job is done, failed or cancelled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from fetch" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from fetch" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from fetch" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from top" -s n -l lines -d 'Lines of its text' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from top" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from top" -l timeout -d 'Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd\'s queue decides' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from top" -l via -d 'Ways out in their order: ip, modem:NAME; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from top" -l token -d 'Name this request: asked for again with the same token, it is the same job' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from top" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from top" -l no-wait -d 'Leave the job to hayesd and print its number'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from top" -l final -d 'Wait through all attempts until the job is done, failed or cancelled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from top" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from top" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from top" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from delete" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from delete" -l timeout -d 'Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd\'s queue decides' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from delete" -l via -d 'Ways out in their order: ip, modem:NAME; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from delete" -l token -d 'Name this request: asked for again with the same token, it is the same job' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from delete" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from delete" -l no-wait -d 'Leave the job to hayesd and print its number'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from delete" -l final -d 'Wait through all attempts until the job is done, failed or cancelled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from delete" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from list" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from list" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from show" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from show" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from show" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from forget" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from forget" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from forget" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from forget" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from help" -f -a "check" -d 'Look into the mailbox on the server'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from help" -f -a "fetch" -d 'Fetch messages into the inbox: all that were not fetched before, or those named'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from help" -f -a "top" -d 'Print the header of a message on the server and the first lines of its text'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Delete messages on the server; what was fetched of them stays'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the inbox: messages that were fetched'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print a message that was fetched'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from help" -f -a "forget" -d 'Remove messages from the inbox; the server is not asked, nor are they fetched again'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand pop3; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and not __fish_seen_subcommand_from put get ls rm mkdir mv help" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and not __fish_seen_subcommand_from put get ls rm mkdir mv help" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and not __fish_seen_subcommand_from put get ls rm mkdir mv help" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and not __fish_seen_subcommand_from put get ls rm mkdir mv help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and not __fish_seen_subcommand_from put get ls rm mkdir mv help" -f -a "put" -d 'Send a file'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and not __fish_seen_subcommand_from put get ls rm mkdir mv help" -f -a "get" -d 'Fetch a file'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and not __fish_seen_subcommand_from put get ls rm mkdir mv help" -f -a "ls" -d 'List a folder'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and not __fish_seen_subcommand_from put get ls rm mkdir mv help" -f -a "rm" -d 'Remove a file'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and not __fish_seen_subcommand_from put get ls rm mkdir mv help" -f -a "mkdir" -d 'Make a folder'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and not __fish_seen_subcommand_from put get ls rm mkdir mv help" -f -a "mv" -d 'Give a file or a folder another name'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and not __fish_seen_subcommand_from put get ls rm mkdir mv help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -l timeout -d 'Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd\'s queue decides' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -l via -d 'Ways out in their order: ip, modem:NAME; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -l token -d 'Name this request: asked for again with the same token, it is the same job' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -l append -d 'At the end of what is there'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -l resume -d 'Go on where the server\'s part of the file ends'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -l atomic -d 'Under another name until it is complete'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -l no-wait -d 'Leave the job to hayesd and print its number'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -l final -d 'Wait through all attempts until the job is done, failed or cancelled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from put" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from get" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from get" -l timeout -d 'Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd\'s queue decides' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from get" -l via -d 'Ways out in their order: ip, modem:NAME; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from get" -l token -d 'Name this request: asked for again with the same token, it is the same job' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from get" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from get" -l resume -d 'Go on with LOCAL.part, and keep it if this fails, too'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from get" -l no-wait -d 'Leave the job to hayesd and print its number'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from get" -l final -d 'Wait through all attempts until the job is done, failed or cancelled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from get" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from get" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from ls" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from ls" -l timeout -d 'Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd\'s queue decides' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from ls" -l via -d 'Ways out in their order: ip, modem:NAME; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from ls" -l token -d 'Name this request: asked for again with the same token, it is the same job' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from ls" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from ls" -l no-wait -d 'Leave the job to hayesd and print its number'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from ls" -l final -d 'Wait through all attempts until the job is done, failed or cancelled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from ls" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from rm" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from rm" -l timeout -d 'Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd\'s queue decides' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from rm" -l via -d 'Ways out in their order: ip, modem:NAME; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from rm" -l token -d 'Name this request: asked for again with the same token, it is the same job' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from rm" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from rm" -l no-wait -d 'Leave the job to hayesd and print its number'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from rm" -l final -d 'Wait through all attempts until the job is done, failed or cancelled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from rm" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mkdir" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mkdir" -l timeout -d 'Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd\'s queue decides' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mkdir" -l via -d 'Ways out in their order: ip, modem:NAME; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mkdir" -l token -d 'Name this request: asked for again with the same token, it is the same job' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mkdir" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mkdir" -l no-wait -d 'Leave the job to hayesd and print its number'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mkdir" -l final -d 'Wait through all attempts until the job is done, failed or cancelled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mkdir" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mkdir" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mkdir" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mv" -s a -l account -d 'The account; without, the default account' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mv" -l timeout -d 'Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd\'s queue decides' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mv" -l via -d 'Ways out in their order: ip, modem:NAME; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mv" -l token -d 'Name this request: asked for again with the same token, it is the same job' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mv" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mv" -l no-wait -d 'Leave the job to hayesd and print its number'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mv" -l final -d 'Wait through all attempts until the job is done, failed or cancelled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mv" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mv" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from mv" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from help" -f -a "put" -d 'Send a file'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from help" -f -a "get" -d 'Fetch a file'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List a folder'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Remove a file'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from help" -f -a "mkdir" -d 'Make a folder'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from help" -f -a "mv" -d 'Give a file or a folder another name'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand ftp; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and not __fish_seen_subcommand_from list show wait cancel retry release help" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and not __fish_seen_subcommand_from list show wait cancel retry release help" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and not __fish_seen_subcommand_from list show wait cancel retry release help" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and not __fish_seen_subcommand_from list show wait cancel retry release help" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and not __fish_seen_subcommand_from list show wait cancel retry release help" -f -a "list" -d 'List jobs, active ones first, then the newest'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and not __fish_seen_subcommand_from list show wait cancel retry release help" -f -a "show" -d 'Tell everything about a job'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and not __fish_seen_subcommand_from list show wait cancel retry release help" -f -a "wait" -d 'Wait until a job is done, failed, cancelled or deferred; Ctrl-C does not cancel it'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and not __fish_seen_subcommand_from list show wait cancel retry release help" -f -a "cancel" -d 'Cancel jobs for good'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and not __fish_seen_subcommand_from list show wait cancel retry release help" -f -a "retry" -d 'Try deferred jobs now'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and not __fish_seen_subcommand_from list show wait cancel retry release help" -f -a "release" -d 'Forget jobs that are over, with their results'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and not __fish_seen_subcommand_from list show wait cancel retry release help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from list" -l state -d 'Only those that are queued, running, deferred, done, failed or cancelled' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from list" -l kind -d 'Only those of a kind: mail, pop3-check, ftp-upload and so on' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from list" -l owner -d 'Only those of a user, by number' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from list" -s n -l max -d 'At most so many; 0: all' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from list" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from show" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from show" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from wait" -l timeout -d 'Wait no longer than this (90, 90s, 5m, 1h30m, 2d)' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from wait" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from wait" -l final -d 'Wait through deferrals'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from wait" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from wait" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from retry" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from release" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from release" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from release" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from release" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "list" -d 'List jobs, active ones first, then the newest'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "show" -d 'Tell everything about a job'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "wait" -d 'Wait until a job is done, failed, cancelled or deferred; Ctrl-C does not cancel it'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "cancel" -d 'Cancel jobs for good'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "retry" -d 'Try deferred jobs now'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "release" -d 'Forget jobs that are over, with their results'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and not __fish_seen_subcommand_from list show command reset enable disable help" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and not __fish_seen_subcommand_from list show command reset enable disable help" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and not __fish_seen_subcommand_from list show command reset enable disable help" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and not __fish_seen_subcommand_from list show command reset enable disable help" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and not __fish_seen_subcommand_from list show command reset enable disable help" -f -a "list" -d 'List them'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and not __fish_seen_subcommand_from list show command reset enable disable help" -f -a "show" -d 'Tell everything about one'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and not __fish_seen_subcommand_from list show command reset enable disable help" -f -a "command" -d 'Send one AT command line and print the answer; for whoever administrates the machine'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and not __fish_seen_subcommand_from list show command reset enable disable help" -f -a "reset" -d 'Begin the recovery of one that does not work'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and not __fish_seen_subcommand_from list show command reset enable disable help" -f -a "enable" -d 'Switch its driver on'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and not __fish_seen_subcommand_from list show command reset enable disable help" -f -a "disable" -d 'Switch its driver off: its port is given back'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and not __fish_seen_subcommand_from list show command reset enable disable help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from list" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from show" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from show" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from command" -l timeout -d 'How long the module may take, 20 s at most' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from command" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from command" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from command" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from reset" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from reset" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from reset" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from enable" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from enable" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from enable" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from disable" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from disable" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from help" -f -a "list" -d 'List them'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from help" -f -a "show" -d 'Tell everything about one'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from help" -f -a "command" -d 'Send one AT command line and print the answer; for whoever administrates the machine'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from help" -f -a "reset" -d 'Begin the recovery of one that does not work'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from help" -f -a "enable" -d 'Switch its driver on'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from help" -f -a "disable" -d 'Switch its driver off: its port is given back'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand modem; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and not __fish_seen_subcommand_from list show start stop reset help" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and not __fish_seen_subcommand_from list show start stop reset help" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and not __fish_seen_subcommand_from list show start stop reset help" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and not __fish_seen_subcommand_from list show start stop reset help" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and not __fish_seen_subcommand_from list show start stop reset help" -f -a "list" -d 'List them'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and not __fish_seen_subcommand_from list show start stop reset help" -f -a "show" -d 'Tell everything about one'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and not __fish_seen_subcommand_from list show start stop reset help" -f -a "start" -d 'Switch the module on and claim its port'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and not __fish_seen_subcommand_from list show start stop reset help" -f -a "stop" -d 'Switch the module off and give its port back'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and not __fish_seen_subcommand_from list show start stop reset help" -f -a "reset" -d 'Switch the module off and on: what was not stored is forgotten'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and not __fish_seen_subcommand_from list show start stop reset help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from list" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from show" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from show" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from start" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from start" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from start" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from stop" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from stop" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from reset" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from help" -f -a "list" -d 'List them'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from help" -f -a "show" -d 'Tell everything about one'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from help" -f -a "start" -d 'Switch the module on and claim its port'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Switch the module off and give its port back'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from help" -f -a "reset" -d 'Switch the module off and on: what was not stored is forgotten'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand emulator; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and not __fish_seen_subcommand_from list add set test secret remove help" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and not __fish_seen_subcommand_from list add set test secret remove help" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and not __fish_seen_subcommand_from list add set test secret remove help" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and not __fish_seen_subcommand_from list add set test secret remove help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and not __fish_seen_subcommand_from list add set test secret remove help" -f -a "list" -d 'List them'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and not __fish_seen_subcommand_from list add set test secret remove help" -f -a "add" -d 'Make one; give it its passwords by `account secret`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and not __fish_seen_subcommand_from list add set test secret remove help" -f -a "set" -d 'Change one: what is not named stays, but a server is named as a whole'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and not __fish_seen_subcommand_from list add set test secret remove help" -f -a "test" -d 'Log in to each of its servers; nothing is sent or fetched'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and not __fish_seen_subcommand_from list add set test secret remove help" -f -a "secret" -d 'Give it a password, from the terminal (not shown), from standard input or from a file'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and not __fish_seen_subcommand_from list add set test secret remove help" -f -a "remove" -d 'Forget it and its passwords'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and not __fish_seen_subcommand_from list add set test secret remove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from list" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from add" -l from -d 'The sender of its mails: an address, or NAME <ADDRESS>' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from add" -l smtp -d 'Where its mail goes: HOST[,KEY=VALUE...]' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from add" -l pop3 -d 'Where its mailbox is, as with --smtp' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from add" -l ftp -d 'Where its files are, as with --smtp' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from add" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from add" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from add" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from set" -l from -d 'The sender of its mails: an address, or NAME <ADDRESS>' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from set" -l smtp -d 'Where its mail goes: HOST[,KEY=VALUE...]' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from set" -l pop3 -d 'Where its mailbox is, as with --smtp' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from set" -l ftp -d 'Where its files are, as with --smtp' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from set" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from set" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from set" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from test" -l timeout -d 'Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd\'s queue decides' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from test" -l via -d 'Ways out in their order: ip, modem:NAME; without, the account\'s' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from test" -l token -d 'Name this request: asked for again with the same token, it is the same job' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from test" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from test" -l no-wait -d 'Leave the job to hayesd and print its number'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from test" -l final -d 'Wait through all attempts until the job is done, failed or cancelled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from test" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from test" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from secret" -l file -d 'A file with the password alone in it; - is standard input' -r -F
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from secret" -l credential -d 'The name of a credential that systemd passes to hayesd (LoadCredential=)' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from secret" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from secret" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from secret" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from secret" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from remove" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from remove" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "list" -d 'List them'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "add" -d 'Make one; give it its passwords by `account secret`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "set" -d 'Change one: what is not named stays, but a server is named as a whole'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "test" -d 'Log in to each of its servers; nothing is sent or fetched'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "secret" -d 'Give it a password, from the terminal (not shown), from standard input or from a file'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Forget it and its passwords'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand trace" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand trace" -l modem -d 'The modem, where an emulator has the same name'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand trace" -l emulator -d 'The emulator, where a modem has the same name'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand trace" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand trace" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand trace" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and not __fish_seen_subcommand_from add remove list help" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and not __fish_seen_subcommand_from add remove list help" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and not __fish_seen_subcommand_from add remove list help" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and not __fish_seen_subcommand_from add remove list help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and not __fish_seen_subcommand_from add remove list help" -f -a "add" -d 'Let hayesd use a port, and keep ModemManager away from it'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and not __fish_seen_subcommand_from add remove list help" -f -a "remove" -d 'Take back what `add` did'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and not __fish_seen_subcommand_from add remove list help" -f -a "list" -d 'List what hayesd may use, and from what ModemManager keeps away'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and not __fish_seen_subcommand_from add remove list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from add" -l root -d 'Work below this folder instead of /, and leave udev alone' -r -F
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from add" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from add" -l whole-modem -d 'Keep ModemManager away from all ports of the modem that this one belongs to'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from add" -l no-rule -d 'Leave ModemManager alone'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from add" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from add" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from remove" -l root -d 'Work below this folder instead of /, and leave udev alone' -r -F
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from remove" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from remove" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from list" -l root -d 'Work below this folder instead of /, and leave udev alone' -r -F
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from list" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from help" -f -a "add" -d 'Let hayesd use a port, and keep ModemManager away from it'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Take back what `add` did'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from help" -f -a "list" -d 'List what hayesd may use, and from what ModemManager keeps away'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand port; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand status" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand status" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand status" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand status" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand reload" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand reload" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand reload" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand reload" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand log-level" -l bus -d 'The D-Bus address of the bus; without, the system bus' -r
complete -c hayesctl -n "__fish_hayesctl_using_subcommand log-level" -l json -d 'Print one JSON value: the result, or an object with `error`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand log-level" -s q -l quiet -d 'No progress, no notes, no word of success'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand log-level" -s h -l help -d 'Print help'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "mail" -d 'Mail'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "pop3" -d 'Mailboxes: on the server, and what was fetched into hayesd\'s inbox'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "ftp" -d 'Files on a server'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "job" -d 'Jobs: requests under way or done'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "modem" -d 'Modules that hayesd drives'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "emulator" -d 'Modules that hayesd plays for equipment'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "account" -d 'Servers, and who we are to them'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "trace" -d 'Print the dialogue of a modem or an emulator from now on, until Ctrl-C; for whoever administrates the machine'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "port" -d 'Which serial ports hayesd may use; for root'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "status" -d 'Tell how hayesd is, and its modems and emulators'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "reload" -d 'Let hayesd read its configuration again'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "log-level" -d 'Change how much hayesd logs until it ends'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and not __fish_seen_subcommand_from mail pop3 ftp job modem emulator account trace port status reload log-level help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from mail" -f -a "send" -d 'Send a mail; the text comes from standard input'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from mail" -f -a "queue" -d 'List mails that are not settled'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from mail" -f -a "flush" -d 'Try deferred mails now: one\'s own, for root those of all users'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from pop3" -f -a "check" -d 'Look into the mailbox on the server'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from pop3" -f -a "fetch" -d 'Fetch messages into the inbox: all that were not fetched before, or those named'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from pop3" -f -a "top" -d 'Print the header of a message on the server and the first lines of its text'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from pop3" -f -a "delete" -d 'Delete messages on the server; what was fetched of them stays'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from pop3" -f -a "list" -d 'List the inbox: messages that were fetched'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from pop3" -f -a "show" -d 'Print a message that was fetched'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from pop3" -f -a "forget" -d 'Remove messages from the inbox; the server is not asked, nor are they fetched again'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from ftp" -f -a "put" -d 'Send a file'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from ftp" -f -a "get" -d 'Fetch a file'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from ftp" -f -a "ls" -d 'List a folder'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from ftp" -f -a "rm" -d 'Remove a file'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from ftp" -f -a "mkdir" -d 'Make a folder'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from ftp" -f -a "mv" -d 'Give a file or a folder another name'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "list" -d 'List jobs, active ones first, then the newest'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "show" -d 'Tell everything about a job'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "wait" -d 'Wait until a job is done, failed, cancelled or deferred; Ctrl-C does not cancel it'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "cancel" -d 'Cancel jobs for good'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "retry" -d 'Try deferred jobs now'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "release" -d 'Forget jobs that are over, with their results'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from modem" -f -a "list" -d 'List them'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from modem" -f -a "show" -d 'Tell everything about one'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from modem" -f -a "command" -d 'Send one AT command line and print the answer; for whoever administrates the machine'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from modem" -f -a "reset" -d 'Begin the recovery of one that does not work'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from modem" -f -a "enable" -d 'Switch its driver on'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from modem" -f -a "disable" -d 'Switch its driver off: its port is given back'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from emulator" -f -a "list" -d 'List them'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from emulator" -f -a "show" -d 'Tell everything about one'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from emulator" -f -a "start" -d 'Switch the module on and claim its port'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from emulator" -f -a "stop" -d 'Switch the module off and give its port back'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from emulator" -f -a "reset" -d 'Switch the module off and on: what was not stored is forgotten'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "list" -d 'List them'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "add" -d 'Make one; give it its passwords by `account secret`'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "set" -d 'Change one: what is not named stays, but a server is named as a whole'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "test" -d 'Log in to each of its servers; nothing is sent or fetched'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "secret" -d 'Give it a password, from the terminal (not shown), from standard input or from a file'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "remove" -d 'Forget it and its passwords'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from port" -f -a "add" -d 'Let hayesd use a port, and keep ModemManager away from it'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from port" -f -a "remove" -d 'Take back what `add` did'
complete -c hayesctl -n "__fish_hayesctl_using_subcommand help; and __fish_seen_subcommand_from port" -f -a "list" -d 'List what hayesd may use, and from what ModemManager keeps away'
