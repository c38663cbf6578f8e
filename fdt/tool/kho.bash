# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for kho. Verbs, options and checks are asked from the program, so they are always its own.
_kho() {
    local program=${COMP_WORDS[0]} verb=${COMP_WORDS[1]} current=${COMP_WORDS[COMP_CWORD]}
    local option=${COMP_WORDS[COMP_CWORD - 1]} words
    COMPREPLY=()
    if ((COMP_CWORD == 1)) || { ((COMP_CWORD == 2)) && [[ $verb == help ]]; }; then
        words=$("$program" --help 2>/dev/null | sed -n '/^Verbs:$/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p')
        ((COMP_CWORD == 2)) || words+=" help version --help --version"
        # shellcheck disable=SC2207 # verbs and options have no blanks
        COMPREPLY=($(compgen -W "$words" -- "$current"))
        return
    fi
    # readline makes a word of its own of the "=" in --option=value.
    if [[ $current == = ]]; then
        current=
    elif [[ $option == = ]]; then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $option in
        --color) words="auto always never" ;;
        --for | --to)
            words=$("$program" formats --color=never 2>/dev/null | sed '1d; s/ .*//')
            [[ $option == --to ]] || words+=" all"
            ;;
        --only | --not) words=$("$program" check --list --color=never 2>/dev/null | sed 's/ .*//') ;;
    esac
    if [[ -z $words && $verb == formats && $current != -* ]]; then
        words=$("$program" formats --color=never 2>/dev/null | sed '1d; s/ .*//')
    elif [[ -z $words && $current == -* ]]; then
        words=$("$program" "$verb" --help 2>/dev/null | sed -nE 's/^ +(-., )?(--[a-z][a-z-]*=?).*/\2/p')
    fi
    if [[ -n $words ]]; then
        # shellcheck disable=SC2207
        COMPREPLY=($(compgen -W "$words" -- "$current"))
        [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
        return
    fi
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    # shellcheck disable=SC2207
    COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _kho kho
