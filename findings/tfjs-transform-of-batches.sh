#!/usr/bin/env bash
# TensorFlow.js 4.22.0, tf.image.transform, which turns, shears and moves a batch of pictures: on the CPU backend, the one in every browser and in
# Node, only the first picture comes out. The statement that returns the result stands inside the loop over the batch, so that all
# others are as the output was filled beforehand, with fillValue, 0 unless given: black pictures, of the right shape, that a model takes
# like any other. With one picture, as in the project's tests, it can't be seen. No error or warning, and no issue of it was found
# (tensorflow/tfjs#6657 was of outputShape). The documentation says that images is a batch and that transforms has one row for all or one for
# each. Expected was what the WebAssembly backend gives.
# Seen: three pictures moved by one column: cpu 1 2 3 0, 0 0 0 0, 0 0 0 0; wasm 1 2 3 0, 11 12 13 0, 21 22 23 0; one by one the same on both
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module"}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 \
  @tensorflow/tfjs-backend-wasm@4.22.0 >/dev/null
cat >main.js <<'JS'
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

setWasmPaths("node_modules/@tensorflow/tfjs-backend-wasm/dist/");
for (const backend of ["cpu", "wasm"]) {
  await tf.setBackend(backend);
  const rows = [[0, 1, 2, 3], [10, 11, 12, 13], [20, 21, 22, 23]];
  const move = [1, 0, 1, 0, 1, 0, 0, 0];
  const transform = (pictures, transforms) =>
    tf.squeeze(tf.image.transform(tf.tensor4d(pictures.flat(), [pictures.length, 1, 4, 1]), tf.tensor2d(transforms)), [1, 3]).arraySync();
  console.log(backend, "together", JSON.stringify(transform(rows, [move])));
  console.log(backend, "a row of transforms each", JSON.stringify(transform(rows, [move, move, move])));
  console.log(backend, "one by one", JSON.stringify(rows.map((row) => transform([row], [move])[0])));
}
JS
seen=$(node main.js 2>/dev/null | grep -E '^(cpu|wasm) ')
echo "$seen"
[ "$seen" = "cpu together [[1,2,3,0],[0,0,0,0],[0,0,0,0]]
cpu a row of transforms each [[1,2,3,0],[0,0,0,0],[0,0,0,0]]
cpu one by one [[1,2,3,0],[11,12,13,0],[21,22,23,0]]
wasm together [[1,2,3,0],[11,12,13,0],[21,22,23,0]]
wasm a row of transforms each [[1,2,3,0],[11,12,13,0],[21,22,23,0]]
wasm one by one [[1,2,3,0],[11,12,13,0],[21,22,23,0]]" ]
