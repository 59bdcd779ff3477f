#!/bin/bash
# The stand-in for the official runner's config.sh: same guards, same files, same words.
cd "$(dirname "$(readlink -f "$0")")" || exit 1
if [ "$(id -u)" -eq 0 ] && [ -z "$RUNNER_ALLOW_RUNASROOT" ]; then
  echo "Must not run with sudo"
  exit 1
fi
for name in LANG JAVA_HOME ANDROID_HOME LD_LIBRARY_PATH; do
  if [ -n "${!name}" ]; then echo "$name=${!name}" >>.env; fi
done
touch .env
echo "$PATH" >.path
if [ "$1" = "remove" ]; then
  exec ./bin/Runner.Listener "$@"
fi
exec ./bin/Runner.Listener configure "$@"
