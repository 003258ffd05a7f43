# Completion of vmsim for bash. Names of options, policies and presets come from the program.

_vmsim_options() { "$1" list options 2>/dev/null | awk '{ print $1 }'; }

# Values of --set: paths, then the values that an option lists.
_vmsim_set() {
  local path=${2%%=*} values
  if [[ $2 != *=* ]]; then
    mapfile -t COMPREPLY < <(compgen -S = -W "$(_vmsim_options "$1")" -- "$2")
    compopt -o nospace 2>/dev/null
    return
  fi
  if [[ $path == replacement.policy ]]; then
    values=$("$1" list policies 2>/dev/null | awk '{ print $1 }')
  else
    values=$("$1" list options 2>/dev/null |
      awk -v p="$path" '$1 == p { sub(/^.* \[/, ""); sub(/[ \]].*$/, ""); gsub(/\|/, " "); print }')
  fi
  mapfile -t COMPREPLY < <(compgen -W "$values" -- "${2#*=}")
}

_vmsim() {
  local program=$1 current previous command
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local cur prev words
    _get_comp_words_by_ref -n = cur prev words
    current=$cur previous=$prev command=${words[1]}
  else
    current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "run check info convert list --help --version" -- "$current")
    return
  fi
  case $command:$previous in
  run:-c | run:--config | check:-c | check:--config)
    mapfile -t COMPREPLY < <(
      compgen -W "$("$program" list presets 2>/dev/null | awk '{ print $1 }')" -- "$current"
      compgen -f -- "$current"
    )
    return
    ;;
  run:-s | run:--set | check:-s | check:--set)
    _vmsim_set "$program" "$current"
    return
    ;;
  *:-f | *:--format | convert:--from | convert:-t | convert:--to)
    mapfile -t COMPREPLY < <(compgen -W "$("$program" list formats 2>/dev/null | awk '{ print $1 }')" -- "$current")
    return
    ;;
  *:--event-filter)
    mapfile -t COMPREPLY < <(compgen -W "$("$program" list events 2>/dev/null | awk '{ print $1 }')" -- "$current")
    return
    ;;
  *:--audit)
    mapfile -t COMPREPLY < <(compgen -W "off cheap full" -- "$current")
    return
    ;;
  *:--progress)
    mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$current")
    return
    ;;
  esac
  if [[ $current == -* ]]; then
    case $command in
    run | check)
      mapfile -t COMPREPLY < <(compgen -W "--config --set --format --together --skip --limit --seed
        --report --events --event-filter --interval --interval-file --host-report --audit
        --dump-config --progress --quiet --verbose --help" -- "$current")
      ;;
    info) mapfile -t COMPREPLY < <(compgen -W "--format --help" -- "$current") ;;
    convert) mapfile -t COMPREPLY < <(compgen -W "--from --to --help" -- "$current") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "--help" -- "$current") ;;
    esac
  elif [[ $command == list ]]; then
    mapfile -t COMPREPLY < <(compgen -W "options policies formats events counters presets invariants" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null
  fi
}

complete -F _vmsim vmsim
