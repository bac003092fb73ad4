// The checks of scripts/check-page: node check.mjs ADDRESS CHROMIUM PICTURES SCREENSHOTS CLIP
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [address, executablePath, pictures, shots, clip] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "page-"));
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
const context = await chromium.launchPersistentContext(profile, { executablePath, args, headless: true, viewport: { width: 1280, height: 800 } });
await context.grantPermissions(["camera", "clipboard-read", "clipboard-write"], { origin: address });
const page = await context.newPage();
const complaints = [], outside = [];
page.on("console", m => m.type() === "error" && complaints.push(m.text()));
page.on("pageerror", e => complaints.push(String(e)));
page.on("request", r => !r.url().startsWith(address) && !/^(data|blob):/.test(r.url()) && outside.push(r.url()));
const shot = name => page.screenshot({ path: join(shots, name + ".png") });
const answered = n => page.waitForFunction(k => document.querySelectorAll(".turn.assistant:not(.wait) .facts").length >= k, n, { timeout: 60000 });
const last = () => page.locator(".turn.assistant .body").last().innerText();
const unclipped = async () => assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll("body *")]
  .filter(e => e.offsetParent && !e.closest(".sr, .skip") && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + "#" + e.id + "." + e.className)), []);
let done = 0;
async function check(what, how) { await how(); done++; console.log("ok  " + what); }

try {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(address + "/");
  await page.waitForFunction(() => document.querySelectorAll("#model option").length > 1);
  await shot("empty-light");

  await check("a picture is added and asked about, streamed, with counts and times", async () => {
    await page.setInputFiles("#file", join(pictures, "one.png"));
    await page.locator("#view img").waitFor();
    await page.fill("#ask", "Describe the picture.");
    await page.keyboard.press("Enter");
    await answered(1);
    assert.ok((await last()).length > 5);
    assert.match(await page.locator(".facts").first().innerText(), /tokens in .*of pictures.* out[\s\S]*first after/);
    await shot("chat-light");
  });

  await check("a second question goes on with the first", async () => {
    const sent = page.waitForRequest(r => r.url().endsWith("/v1/chat/completions"));
    await page.fill("#ask", "How many things are there?");
    await page.keyboard.press("Enter");
    const body = (await sent).postDataJSON();
    assert.deepEqual(body.messages.map(m => m.role), ["user", "assistant", "user"]);
    await answered(2);
  });

  await check("the request is there as curl, Python and Java, and is copied", async () => {
    await page.getByRole("button", { name: "as code" }).first().click();
    assert.match(await page.locator("#code-text").innerText(), /^curl http/);
    assert.ok(!(await page.locator("#code-text").innerText()).includes("base64"));
    await page.keyboard.press("Tab");
    await page.getByRole("tab", { name: "Python" }).click();
    assert.match(await page.locator("#code-text").innerText(), /from openai import OpenAI/);
    await page.keyboard.press("ArrowRight");
    assert.match(await page.locator("#code-text").innerText(), /java\.net\.http/);
    await page.getByRole("button", { name: "Copy", exact: true }).click();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /java\.net\.http/);
    await shot("code-light");
    await page.keyboard.press("Escape");
  });

  await check("a pasted picture is added", async () => {
    await page.getByRole("button", { name: "New" }).click();
    const bytes = [...readFileSync(join(pictures, "two.png"))];
    await page.evaluate(data => {
      const items = new DataTransfer();
      items.items.add(new File([new Uint8Array(data)], "pasted.png", { type: "image/png" }));
      window.dispatchEvent(new ClipboardEvent("paste", { clipboardData: items, bubbles: true, cancelable: true }));
    }, bytes);
    await page.locator("#view img").waitFor();
  });

  await check("a dropped picture is added, and removed again", async () => {
    const bytes = [...readFileSync(join(pictures, "one.png"))];
    await page.evaluate(data => {
      const items = new DataTransfer();
      items.items.add(new File([new Uint8Array(data)], "dropped.png", { type: "image/png" }));
      window.dispatchEvent(new DragEvent("drop", { dataTransfer: items, bubbles: true, cancelable: true }));
    }, bytes);
    await page.waitForFunction(() => document.querySelectorAll("#thumbs li").length === 2);
    await page.getByRole("button", { name: "Remove dropped.png" }).click();
    assert.equal(await page.locator("#thumbs li").count(), 1);
  });

  await check("a dropped clip is shown, asked about and answered", async () => {
    await page.getByRole("button", { name: "New" }).click();
    const bytes = [...readFileSync(clip)];
    await page.evaluate(data => {
      const items = new DataTransfer();
      items.items.add(new File([new Uint8Array(data)], "dropped.webm", { type: "video/webm" }));
      window.dispatchEvent(new DragEvent("drop", { dataTransfer: items, bubbles: true, cancelable: true }));
    }, bytes);
    await page.waitForFunction(() => document.querySelector("#view video")?.videoWidth > 0);
    const sent = page.waitForRequest(r => r.url().endsWith("/v1/chat/completions"));
    await page.fill("#ask", "What happens here?");
    await page.keyboard.press("Enter");
    const [asked] = (await sent).postDataJSON().messages.at(-1).content;
    assert.match(asked.video_url.url, /^data:video\/webm;base64,/);
    await answered(1);
    assert.equal(await page.locator(".turn .fault").count(), 0);
    assert.ok((await last()).length > 0);
    assert.match(await page.locator(".facts").last().innerText(), /tokens in .*of (pictures|clips)/);
    await shot("clip-light");
  });

  await check("the camera gives a picture", async () => {
    await page.locator("#camera-more").click();
    await page.waitForFunction(() => document.getElementById("live").videoWidth > 0);
    await page.getByRole("button", { name: "Take the picture" }).click();
    await page.getByRole("button", { name: "Show camera.jpg" }).waitFor();
    await page.getByRole("button", { name: "New" }).click();
  });

  await check("an answer is stopped", async () => {
    await page.setInputFiles("#file", join(pictures, "one.png"));
    await page.route("**/v1/chat/completions", async route => { await new Promise(r => setTimeout(r, 4000)); await route.abort().catch(() => {}); });
    await page.fill("#ask", "Describe the picture.");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Send" }).waitFor();
    await page.unroute("**/v1/chat/completions");
  });

  await check("what the server refuses is said", async () => {
    await page.getByRole("button", { name: "New" }).click();
    await page.setInputFiles("#file", { name: "broken.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
    await page.fill("#ask", "Hello");
    await page.keyboard.press("Enter");
    assert.match(await page.locator(".turn .fault").last().innerText(), /picture/);
    complaints.length = 0; // the browser notes the 400, and a picture that it cannot show
  });

  await check("a model with tasks draws what it finds, lit up by pointer and keyboard", async () => {
    await page.getByRole("button", { name: "New" }).click();
    await page.selectOption("#model", "demo:finder");
    await page.setInputFiles("#file", join(pictures, "one.png"));
    await page.locator("#view img").waitFor();
    await page.getByRole("button", { name: "Run" }).click();
    await page.locator("#view polygon").first().waitFor({ timeout: 60000 });
    const marks = await page.locator("#view polygon").count();
    assert.equal(await page.locator("#found button").count(), marks);
    const [box, image] = await page.evaluate(() => ["#view polygon", "#view img"].map(s => document.querySelector(s).getBoundingClientRect().toJSON()));
    assert.ok(box.left >= image.left - 3 && box.right <= image.right + 3 && box.top >= image.top - 3 && box.bottom <= image.bottom + 3);
    await page.locator("#view polygon").first().hover({ force: true });
    assert.equal(await page.locator("#view polygon.on").count(), 1);
    assert.ok(await page.locator("#view .tag").isVisible());
    await page.locator("#found button").last().focus();
    assert.equal(await page.locator("#view polygon.on").getAttribute("data-i"), String(marks - 1));
    await shot("task-light");
  });

  await check("text regions are drawn", async () => {
    await page.selectOption("#task", "<OCR_WITH_REGION>");
    const before = await page.locator(".facts").count();
    await page.getByRole("button", { name: "Run" }).click();
    await page.waitForFunction(n => document.querySelectorAll(".facts").length > n, before, { timeout: 60000 });
    assert.equal(await page.locator(".turn .fault").count(), 0);
  });

  await check("dark, and everything has a name", async () => {
    await page.locator("#theme").click();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await page.selectOption("#task", "<OD>");
    const before = await page.locator(".facts").count();
    await page.getByRole("button", { name: "Run" }).click();
    await page.waitForFunction(n => document.querySelectorAll(".facts").length > n, before, { timeout: 60000 });
    await shot("task-dark");
    const nameless = await page.evaluate(() => [...document.querySelectorAll("button, input, select, textarea, img")]
      .filter(e => e.offsetParent && !e.labels?.length && !(e.ariaLabel || e.textContent.trim() || e.title || e.alt)).map(e => e.outerHTML));
    assert.deepEqual(nameless, []);
  });

  await check("on a phone nothing is cut off, in both themes", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await shot("phone-task-dark");
    await unclipped();
    await page.locator("#theme").click();
    await page.selectOption("#model", "demo");
    await page.getByRole("button", { name: "New" }).click();
    await shot("phone-empty-light");
    await page.setInputFiles("#file", join(pictures, "one.png"));
    await page.locator("#view img").waitFor();
    await page.fill("#ask", "Describe the picture.");
    const before = await page.locator(".facts").count();
    await page.getByRole("button", { name: "Send" }).click();
    await answered(before + 1);
    await unclipped();
    assert.ok(await page.locator("#send").isVisible());
    await shot("phone-chat-light");
  });

  await check("the whole by keyboard", async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.reload();
    await page.waitForFunction(() => document.querySelectorAll("#model option").length > 1);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("Enter");
    await page.evaluate(() => document.getElementById("ask").focus());
    await page.keyboard.type("Hello");
    await page.keyboard.press("Enter");
    await answered(1);
    assert.ok((await page.locator("#said").innerText()).length > 0);
  });

  assert.deepEqual(outside, [], "requests to others");
  assert.deepEqual(complaints, [], "complaints of the browser");
  console.log(done + " checks, no request to others, no complaint of the browser");
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
