#!/bin/bash
# What `ci-fleet mint --prepare SLOT` has to do, at its shortest: create the container, then hand over a secret.
# For scenes about rendered units and scripts alone; everything else is asked of the real program.
# In: mint -C /etc/ci-fleet/FLEET --prepare SLOT, the credential of the unit. Out: jitconfig or token for the runner.
set -euo pipefail
[[ ${1:-} == mint ]] || exec /usr/bin/ci-fleet.real "$@"
config=$3 slot=$5
fleet=${config##*/}
run=/run/ci-fleet/$fleet/$slot/runner
state=/var/lib/ci-fleet/$fleet/$slot
compose=(docker compose --file "$config/compose.yaml")
if [[ -d /etc/systemd/system/$fleet-process@$slot.service.d ]]; then
  owner=ci-fleet
  value() { sed -n "s/^Environment=\"$1=\(.*\)\"$/\1/p" "/etc/systemd/system/$fleet-process@$slot.service.d/10-slot.conf"; }
  lifetime=$(value CI_FLEET_LIFETIME) labels=$(value CI_FLEET_LABELS)
else
  owner=1001
  asked=$("${compose[@]}" config --format json | jq --arg slot "$slot" '.services[$slot].environment')
  lifetime=$(jq -r .CI_FLEET_LIFETIME <<<"$asked") labels=$(jq -r '.CI_FLEET_LABELS // ""' <<<"$asked")
fi
# Of an ephemeral slot only the plan knows them: here its pool is one.
: "${labels:=self-hosted,linux,x64,$(cut -d- -f2 <<<"$slot")}"
mkdir -p "$run" "$state"/{state,work,home,root}
chown "$owner" "$run" "$state"/{state,work,home,root}
if [[ $owner == 1001 ]]; then
  [[ $(docker inspect --format '{{.State.Running}}' "$slot" 2>/dev/null) != true ]] || exit 0
  "${compose[@]}" create --quiet-pull "$slot" >/dev/null 2>&1
fi
post() {
  curl -sS --fail --request POST --header @<(printf 'Authorization: Bearer %s' "$(<"$CREDENTIALS_DIRECTORY/default.token")") \
    "https://api.github.com/orgs/acme/actions/runners/$1" --data @-
}
hand_over() {
  (umask 077 && cat >"$run/.new") && chown "$owner" "$run/.new" && mv "$run/.new" "$run/$1"
}
if [[ $lifetime == ephemeral ]]; then
  jq -n --arg name "$slot-$(head -c 100 /dev/urandom | tr -dc a-z0-9 | head -c 7)" --arg labels "$labels" \
    '{name: $name, runner_group_id: 1, labels: ($labels / ",")}' |
    post generate-jitconfig | jq -r .encoded_jit_config | hand_over jitconfig
elif [[ ! -e $state/state/current ]]; then
  post registration-token </dev/null | jq -r .token | hand_over token
fi
