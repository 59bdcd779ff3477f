#!/bin/bash
# The stand-in for the official runner's run.sh: a loop around run-helper.sh that only goes on after
# exit 2, and that passes TERM on only where RUNNER_MANUALLY_TRAP_SIG is set.
DIR="$(cd "$(dirname "$(readlink -f "$0")")" && pwd)"

run() {
  while :; do
    cp -f "$DIR/run-helper.sh.template" "$DIR/run-helper.sh"
    # Unquoted on purpose, as in the original: arguments with spaces do not survive.
    # shellcheck disable=SC2048,SC2086
    "$DIR/run-helper.sh" $*
    code=$?
    if [ "$code" -eq 2 ]; then
      echo "Restarting runner..."
    else
      echo "Exiting runner..."
      return 0
    fi
  done
}

run_trapped() {
  set -m
  trap 'kill -INT -$PID' INT TERM
  while :; do
    cp -f "$DIR/run-helper.sh.template" "$DIR/run-helper.sh"
    # shellcheck disable=SC2048,SC2086
    "$DIR/run-helper.sh" $* &
    PID=$!
    wait "$PID"
    code=$?
    if [ "$code" -eq 2 ]; then
      echo "Restarting runner..."
    else
      echo "Exiting..."
      # A trapped signal makes the first wait return early; the listener is still shutting down.
      wait "$PID"
      return "$code"
    fi
  done
}

if [ -z "$RUNNER_MANUALLY_TRAP_SIG" ]; then
  run "$@"
else
  run_trapped "$@"
fi
