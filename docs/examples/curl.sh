#!/usr/bin/env bash
# The HTTP interface by hand: log in, submit, wait, read, repeat safely, and meet an error. Needs curl.
# Usage: docs/examples/curl.sh [http://127.0.0.1:5000]   (with the demo data: make up)
set -euo pipefail

base=${1:-http://127.0.0.1:5000}
token=${TOKEN:-12qw}   # Alice, an Admin of the demo data
name=${NAME:-Alice}

post() { # post <body> [curl options]: submit, and print the answer
  local body=$1
  shift
  curl --silent --show-error --noproxy '*' --header 'Content-Type: application/json' --data "$body" "$@" "$base/api/v1"
  echo
}

get() { # get <path>
  curl --silent --show-error --noproxy '*' --header "Authorization: Bearer $token" "$base$1"
  echo
}

echo '# Log in. Nothing else is possible before.'
post "{\"token\": \"$token\", \"task\": {\"action\": \"login\", \"name\": \"$name\"}}"

echo '# Submit a task: 202 at once, when it is durable.'
create='{"action": "create_customer", "data": {"name": "Grace Hopper"}}'
answer=$(post "{\"token\": \"$token\", \"task\": $create}")
echo "$answer"
id=$(sed -E 's/.*"id": ?"([^"]+)".*/\1/' <<<"$answer")

echo '# Read it, waiting for its outcome for at most 10 seconds.'
curl --silent --show-error --noproxy '*' --header "Authorization: Bearer $token" --header 'Prefer: wait=10' \
  "$base/api/v1/tasks/$id"
echo

echo '# Submit and wait in one request.'
post "{\"token\": \"$token\", \"task\": {\"action\": \"get_customer\", \"data\": {\"id\": 1}}}" --header 'Prefer: wait=10'

echo '# Submit with a key: however often it is repeated, it is one task with one outcome.'
key="example-$(date +%s)-$$"
for _ in 1 2; do
  post "{\"token\": \"$token\", \"task\": $create}" --header "Idempotency-Key: $key" --header 'Prefer: wait=10'
done

echo '# A task that fails is answered all the same; the message is in your language.'
post "{\"token\": \"$token\", \"task\": {\"action\": \"get_customer\", \"data\": {\"id\": 999999999}}}" \
  --header 'Prefer: wait=10' --header 'Accept-Language: es'

echo '# A request that is wrong makes no task, and every fault is told.'
post "{\"token\": \"$token\", \"task\": {\"action\": \"create_transfer\", \"data\": {\"cid\": 0, \"amount\": \"-1\"}}}"

echo '# Your tasks, newest first.'
get '/api/v1/tasks?limit=3'
