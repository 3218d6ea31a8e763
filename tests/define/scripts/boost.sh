#!/bin/sh
# A program that is not Python: configuration words such as eta=0.3, as boosting tools take them.
rounds=10
for word in "$@"; do
  case "$word" in
    num_round=*) rounds="${word#num_round=}" ;;
    --help) echo "usage: boost.sh key=value ..."; exit 0 ;;
  esac
done
i=0
while [ "$i" -lt "$rounds" ]; do
  echo "[$i]	train-logloss:0.$((900 - i))	eval-logloss:0.$((950 - i))"
  i=$((i + 1))
done
