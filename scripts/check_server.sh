#!/usr/bin/env bash
# Serves a repository and lets real clients at it: tritonclient, and a browser.
#
#     scripts/check_server.sh PHALANX DIR
#
# PHALANX is the program, DIR a folder to work in. Needs Python with numpy, onnx, onnxruntime and tritonclient, and Chromium.
set -euo pipefail
phalanx=$1 work=$2
scripts=$(cd "$(dirname "$0")" && pwd)
http=127.0.0.1:18080 grpc=127.0.0.1:18081

rm -rf "$work/models"
python3 "$scripts/make_check_models.py" "$work/models"
"$phalanx" serve --repository "$work/models" --model-control explicit --load-model '*' --backend onnxruntime \
  --http $http --grpc $grpc --allow-shared-memory 2>"$work/serve.log" &
server=$!
trap 'kill -KILL $server 2>/dev/null || true; cat "$work/serve.log" >&2' ERR

until curl --silent --fail --output /dev/null "http://$http/v2/health/ready"; do
  kill -0 $server || { cat "$work/serve.log" >&2; exit 1; }
  sleep 0.1
done
python3 "$scripts/tritonclient_check.py" --http $http --grpc $grpc --model numbers --bytes-model text \
  --fp16-model half --control spare --shared-memory
python3 "$scripts/page_check.py" "http://$http" --model numbers
kill -TERM $server
wait $server
