#!/bin/sh
# Way 3, any language: the parameters come as variables (see [env] in study.toml), and each
# line appended to $HPO_REPORTS is a report. Without a study the lines go to the terminal.
set -eu
rate=${RATE:-0.1}
epochs=${EPOCHS:-10}

epoch=0
if [ -n "${HPO_RESUME:-}" ]; then
    epoch=$(cat "$HPO_RESUME/epoch")
fi
while [ "$epoch" -lt "$epochs" ]; do
    epoch=$((epoch + 1))
    loss=$(awk -v r="$rate" -v e="$epoch" 'BEGIN { print exp(-r * e) + r * r }')
    echo "{\"step\": $epoch, \"loss\": $loss}" >>"${HPO_REPORTS:-/dev/stdout}"
    if [ -n "${HPO_CHECKPOINT:-}" ]; then
        echo "$epoch" >"$HPO_CHECKPOINT/epoch.new"
        mv "$HPO_CHECKPOINT/epoch.new" "$HPO_CHECKPOINT/epoch"
    fi
done
