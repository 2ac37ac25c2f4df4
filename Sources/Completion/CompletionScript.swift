/// What shells load to complete the command lines of memoctl, memod and memod-web.
///
/// The scripts know neither commands nor names: they ask the program on PATH, hand the line over unevaluated, and take
/// the answer as data. So a name such as `$(reboot)` is never more than text.
package enum CompletionScript: String, CaseIterable, Sendable {
    case bash, zsh, fish

    package var text: String {
        switch self {
        case .bash: Self.bashText
        case .zsh: Self.zshText
        case .fish: Self.fishText
        }
    }

    private static let bashText = #"""
        # Completes memoctl, memod and memod-web in bash. The words come quoted from the program; nothing here evaluates them.
        _memoctl() {
            local program=memoctl kind='' word index
            [[ ${1##*/} == memod?(-web) ]] && program=${1##*/}
            COMPREPLY=()
            {
                IFS= read -r -d '' kind
                while IFS= read -r -d '' word; do COMPREPLY+=("$word"); done
            } < <(command "$program" ---complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
            case $kind in
            files) compopt -o default 2>/dev/null ;;
            command)
                for ((index = 1; index < COMP_CWORD; index++)); do [[ ${COMP_WORDS[index]} == -- ]] && break; done
                if declare -F _command_offset >/dev/null; then
                    _command_offset $((index + 1))
                else
                    compopt -o default 2>/dev/null
                fi
                ;;
            esac
        }
        complete -F _memoctl memoctl memod memod-web

        """#

    private static let zshText = #"""
        #compdef memoctl memod memod-web
        # Completes memoctl, memod and memod-web in zsh. What the program offers is data; nothing here evaluates it.
        _memoctl() {
            local program=memoctl
            [[ $service == (memod|memod-web) ]] && program=$service
            local -a answer values shown
            answer=("${(@0)$(command $program ---complete words "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
            case $answer[1] in
            files)
                compset -P '--*='
                _files
                ;;
            command)
                while [[ $words[1] != -- ]]; do
                    shift words
                    ((CURRENT--))
                done
                shift words
                ((CURRENT--))
                _normal
                ;;
            words)
                [[ -n $answer[2] ]] && compset -p $#answer[2]
                local word abstract described=
                for word abstract in "${(@)answer[3,-2]}"; do
                    values+=("$word")
                    shown+=("$word  $abstract")
                    [[ -n $abstract ]] && described=1
                done
                if [[ -n $described ]]; then
                    compadd -l -d shown -a values
                else
                    compadd -a values
                fi
                ;;
            esac
        }
        if [[ $funcstack[1] == _memoctl ]]; then
            _memoctl "$@"
        else
            compdef _memoctl memoctl memod memod-web
        fi

        """#

    private static let fishText = #"""
        # Completes memoctl, memod and memod-web in fish. What the program offers is data; nothing here evaluates it.
        function __memoctl_complete
            set -l words (commandline -opc)
            set -l current (commandline -ct)
            set -l answer (command $argv[1] ---complete words $words[2..] "$current" 2>/dev/null | string split0)
            switch "$answer[1]"
                case files
                    set -l option (string match -r -- '^--[^=]*=' "$current")
                    for path in (__fish_complete_path (string sub -s (math 1 + (string length -- "$option")) -- "$current"))
                        printf '%s%s\0' "$option" $path
                    end
                case command
                    __fish_complete_path "$current" | string join0
                case words
                    test (count $answer) -gt 3; or return
                    for index in (seq 3 2 (count $answer))
                        set -l next (math $index + 1)
                        printf '%s%s\t%s\0' "$answer[2]" "$answer[$index]" "$answer[$next]"
                    end
            end
        end
        for program in memoctl memod memod-web
            complete -c $program -e
            complete -c $program -f -a "(__memoctl_complete $program | string split0)"
        end

        """#
}
