// The page of running calls: what the event stream tells becomes text, never markup.
"use strict";
const calls = document.getElementById("calls");
const state = document.getElementById("state");
const tile = document.getElementById("tile");
const mute = document.getElementById("mute");
const seen = new Map(), gone = new Set();
const AIM_MS = 2000;  // so long nothing moves under a mouse that was over a button
let lead = 0, aimed = -Infinity;
let muted = localStorage.getItem("muted") === "yes", audio = null;

function setMute() {
  mute.setAttribute("aria-pressed", String(muted));
  mute.textContent = muted ? mute.dataset.on : mute.dataset.off;
  localStorage.setItem("muted", muted ? "yes" : "no");
}
mute.addEventListener("click", () => { muted = !muted; setMute(); });
setMute();
// A browser is silent until somebody has touched the page.
document.addEventListener("click", () => { if (audio) audio.resume(); document.getElementById("silent").hidden = true; });

function beep(rank) {
  if (muted) return;
  try {
    audio ||= new AudioContext();
    if (audio.state === "suspended") document.getElementById("silent").hidden = false;
    for (let n = 0; n < rank; n += 1) {  // an emergency sounds four times
      const tone = audio.createOscillator(), gain = audio.createGain(), at = audio.currentTime + n * 0.3;
      gain.gain.value = 0.1;
      tone.frequency.value = rank > 2 ? 1175 : 880;
      tone.connect(gain).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.2);
    }
  } catch { /* a browser without sound shows all the same */ }
}

function made(call) {
  const element = tile.content.firstElementChild.cloneNode(true);
  element.id = "call-" + call.id;
  const outcome = element.querySelector(".outcome");
  for (const button of element.querySelectorAll("[data-act]")) {
    sure(button, outcome, `/live/${encodeURIComponent(call.id)}/order`, { act: button.dataset.act });
  }
  element.querySelector(".whole").href = `${root}/calls/${encodeURIComponent(call.id)}`;
  return element;
}

calls.addEventListener("pointermove", (event) => {
  if (event.pointerType === "mouse" && event.target.closest("button")) aimed = performance.now();
});

// Tiles come to their places, and those of calls that ended long ago go: not while somebody aims at a button.
function arrange() {
  if (performance.now() - aimed < AIM_MS) return;
  for (const id of gone) {
    document.getElementById("call-" + id)?.remove();
    seen.delete(id);
  }
  gone.clear();
  for (const [id, call] of seen) place(document.getElementById("call-" + id), call.over ? 0 : call.rank);
  fit();
}

// The most urgent first, then in the order in which they came; a tile moves only when its rank changes.
function place(element, rank) {
  if (element.dataset.rank === String(rank)) return;
  element.dataset.rank = rank;
  const after = [...calls.children].find((other) => other !== element && Number(other.dataset.rank) < rank);
  calls.insertBefore(element, after || null);
}

function line(list, parts) {
  list.replaceChildren(...parts.map(([className, text]) => {
    const item = document.createElement("li");
    item.className = className;
    item.textContent = text;
    return item;
  }));
}

// A call's time goes on also while nobody speaks.
function clock(call) {
  const seconds = Math.max(0, performance.now() / 1000 + lead - call.zero);
  return call.over || `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

// Without a minus before nothing.
const tenths = (value) => (Math.round(value * 10) / 10 || 0).toFixed(1);

function show(call) {
  let element = document.getElementById("call-" + call.id);
  if (!element) calls.append(element = made(call));
  gone.delete(call.id);
  const was = seen.get(call.id);
  const text = (selector, value) => { element.querySelector(selector).textContent = value; };
  text("h2", call.number);
  text(".verdict", [call.verdict, call.kind].filter(Boolean).join(" · "));
  text(".clock", clock(call));
  text(".about", [call.where, call.dialled, call.agent, call.node].filter(Boolean).join(" · "));
  element.querySelector(".waits").hidden = !call.waits;
  text(".waits span", call.waits);
  line(element.querySelector(".warnings"), call.warnings.map((w) => ["", w]));
  line(element.querySelector(".orders"), call.orders.map((o) => ["", o]));
  text(".reason", [call.asked, call.unheard, call.reason, call.treatment].filter(Boolean).join(" → "));
  text(".answer", call.answer);
  const meter = element.querySelector(".score");
  meter.parentElement.hidden = call.score === null;
  if (call.score !== null) {
    meter.value = call.score;
    meter.high = call.threshold;
    const stands = element.querySelector(".stands span");
    stands.textContent = [call.score, call.threshold].reduce(
      (said, value) => said.replace("{}", tenths(value)), stands.dataset.text);
  }
  talk(element.querySelector(".words"), call.words);
  line(element.querySelector(".evidence"), call.evidence.map((e) =>
    [e.weight > 0 ? "for" : "against", `${e.weight > 0 ? "+" : ""}${tenths(e.weight)} ${e.text}`]));
  element.classList.toggle("urgent", call.urgent && !call.over);
  element.classList.toggle("over", Boolean(call.over));
  element.querySelector(".whole").hidden = !call.over;
  const acts = element.querySelector(".acts");
  if (acts) acts.hidden = Boolean(call.over);
  if (!call.over && call.rank > (was ? was.rank : 0)) {
    document.getElementById("alarm").textContent = `${call.number} ${call.verdict} ${call.kind}`;
    beep(call.rank);
  }
  seen.set(call.id, call);
}

// On the wall every call is seen at once, as long as tiles can be read: columns, and the least height of a row. What is
// urgent takes four places where tiles are small. Fewer calls make tiles larger again only when they are clearly fewer;
// few calls share the whole height.
const wall = document.body.classList.contains("wall");
const SIZES = [[1, 600], [2, 440], [2, 220], [4, 220], [5, 180], [6, 150], [8, 115], [10, 95], [12, 78]], SMALL = 8, NARROWEST = 140, GAP = 8;
let size = 0;

function fit() {
  if (!wall) return;
  const space = innerHeight - calls.getBoundingClientRect().top - scrollY - GAP, width = calls.clientWidth;
  const rows = (least) => Math.max(1, Math.floor((space + GAP) / (least + GAP)));
  const urgent = calls.querySelectorAll(".tile.urgent").length;
  const places = ([columns]) => calls.children.length + (columns >= SMALL ? 3 * urgent : 0);
  const room = (n) => SIZES[n][0] * rows(SIZES[n][1]);
  const holds = (n, part) => places(SIZES[n]) <= (room(n) > 4 ? part : 1) * room(n);
  const sizes = SIZES.filter(([columns]) => columns === SIZES[0][0] || width / columns >= NARROWEST);
  const last = sizes.length - 1, first = sizes.findIndex((_, n) => holds(n, n < size ? 0.85 : 1));
  size = first < 0 ? last : first;
  const [columns, least] = sizes[size], most = rows(least);
  const count = columns < SMALL ? Math.min(most, Math.max(1, Math.ceil(calls.children.length / columns))) : most;
  calls.style.setProperty("--columns", columns);
  calls.style.setProperty("--row", `${Math.max(least, Math.floor((space + GAP) / count - GAP))}px`);
  calls.classList.toggle("small", columns >= SMALL);
}
addEventListener("resize", fit);

const calmly = (change) => keeping(change, () => document.activeElement.closest(".tile") || calls);
const gaps = document.getElementById("gaps");
follow("/live/events", state, (told, first) => {
  lead = told.now - performance.now() / 1000;
  for (const id of first ? seen.keys() : told.gone) gone.add(id);
  calmly(() => {
    told.calls.forEach(show);
    arrange();
  });
  const words = [];
  if (told.feeds.includes(false)) words.push(gaps.dataset.feed);
  if (told.gap) words.push(gaps.dataset.gap.replace("{}", told.gap.seconds));
  if (told.missed) words.push(gaps.dataset.missed.replace("{}", told.missed));
  gaps.textContent = words.join(" ");
  document.getElementById("none").hidden = seen.size > gone.size;
});
setInterval(() => {
  for (const [id, call] of seen) document.getElementById("call-" + id).querySelector(".clock").textContent = clock(call);
  calmly(arrange);
}, 1000);
