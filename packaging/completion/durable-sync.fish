# fish completion for durable-sync, made by `durable-sync completion --shell fish`
function __durable_sync_complete
    set -l words (commandline -opc) "$(commandline -ct)"
    for line in ($words[1] _complete -- $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$(commandline -ct)"
        else
            printf '%s\n' $line
        end
    end
end
complete -c durable-sync -f -a '(__durable_sync_complete)'
