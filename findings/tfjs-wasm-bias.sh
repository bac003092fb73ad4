#!/usr/bin/env bash
# TensorFlow.js 4.22.0, the WebAssembly backend: tf.fused.matMul adds its bias to the first row of the product alone as soon as one of the two
# matrices is given as transposed, or there is more than one product in the batch; all other rows get the last number of the bias in every
# column. Plain products go through XNNPACK, which is right; these take another way, which counts on through the bias instead of
# beginning anew for each row, and stays at its end. Weights that lie as PyTorch keeps them, a row for each output, are given so
# (transpose_b of _FusedMatMul, to which the converter joins MatMul and BiasAdd): of a sequence or a batch only the first token or picture
# is computed with the layer's bias. No error or warning, and no issue of it was found. Expected was what the CPU backend gives, and
# matMul and add in two steps on the same backend.
# Seen: zeros in three rows and a bias of 1 2: plain 1 2, 1 2, 1 2 in both; B transposed: cpu 1 2, 1 2, 1 2, wasm 1 2, 2 2, 2 2; A the same
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
const cases = {
  plain: [[3, 4], [4, 2], false, false],
  "B transposed": [[3, 4], [2, 4], false, true],
  "A transposed": [[4, 3], [4, 2], true, false],
  "batch of two": [[2, 3, 4], [2, 4, 2], false, false],
};
for (const [name, [left, right, transposeA, transposeB]] of Object.entries(cases)) {
  for (const backend of ["cpu", "wasm"]) {
    await tf.setBackend(backend);
    const [a, b, bias] = [tf.zeros(left), tf.ones(right), tf.tensor1d([1, 2])];
    const fused = tf.fused.matMul({ a, b, transposeA, transposeB, bias });
    const steps = tf.add(tf.matMul(a, b, transposeA, transposeB), bias);
    console.log(`${backend} ${name}: ${fused.dataSync().join(" ")}; in two steps ${steps.dataSync().join(" ")}`);
  }
}
JS
seen=$(node main.js 2>/dev/null | grep -E '^(cpu|wasm) ')
echo "$seen"
[ "$seen" = "cpu plain: 1 2 1 2 1 2; in two steps 1 2 1 2 1 2
wasm plain: 1 2 1 2 1 2; in two steps 1 2 1 2 1 2
cpu B transposed: 1 2 1 2 1 2; in two steps 1 2 1 2 1 2
wasm B transposed: 1 2 2 2 2 2; in two steps 1 2 1 2 1 2
cpu A transposed: 1 2 1 2 1 2; in two steps 1 2 1 2 1 2
wasm A transposed: 1 2 2 2 2 2; in two steps 1 2 1 2 1 2
cpu batch of two: 1 2 1 2 1 2 1 2 1 2 1 2; in two steps 1 2 1 2 1 2 1 2 1 2 1 2
wasm batch of two: 1 2 2 2 2 2 1 2 2 2 2 2; in two steps 1 2 1 2 1 2 1 2 1 2 1 2" ]
