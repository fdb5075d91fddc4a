// The page of running calls: what the event stream tells becomes text, never markup.
"use strict";
const calls = document.getElementById("calls");
const state = document.getElementById("state");
const tile = document.getElementById("tile");
const mute = document.getElementById("mute");
const seen = new Map();
let muted = false;

mute.addEventListener("click", () => {
  muted = !muted;
  mute.setAttribute("aria-pressed", String(muted));
  mute.textContent = muted ? mute.dataset.on : mute.dataset.off;
});

function beep() {
  if (muted) return;
  try {
    const audio = new AudioContext(), tone = audio.createOscillator(), gain = audio.createGain();
    gain.gain.value = 0.1;
    tone.frequency.value = 880;
    tone.connect(gain).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.25);
  } catch { /* a browser without sound shows all the same */ }
}

function made(call) {
  const element = tile.content.firstElementChild.cloneNode(true);
  element.id = "call-" + call.id;
  for (const button of element.querySelectorAll("[data-act]")) {
    button.addEventListener("click", () => order(element, call.id, button));
  }
  return element;
}

async function order(element, id, button) {
  if (!button.classList.contains("sure")) {
    const name = button.textContent;
    button.classList.add("sure");
    button.textContent = button.dataset.sure;
    setTimeout(() => { button.classList.remove("sure"); button.textContent = name; }, 4000);
    return;
  }
  const outcome = element.querySelector(".outcome");
  const answer = await fetch(`/live/${encodeURIComponent(id)}/order`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Guard": document.body.dataset.guard, "Accept": "application/json" },
    body: JSON.stringify({ act: button.dataset.act }),
  }).catch(() => null);
  outcome.textContent = answer && answer.ok ? outcome.dataset.done : outcome.dataset.not;
}

function line(list, parts) {
  list.replaceChildren(...parts.map(([className, text]) => {
    const item = document.createElement("li");
    item.className = className;
    item.textContent = text;
    return item;
  }));
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

function show(call) {
  let element = document.getElementById("call-" + call.id);
  if (!element) {
    element = made(call);
    calls.append(element);
  }
  const was = seen.get(call.id);
  const text = (selector, value) => { element.querySelector(selector).textContent = value; };
  text("h2", call.number);
  text(".verdict", [call.verdict, call.kind].filter(Boolean).join(" · "));
  text(".clock", call.over || clock(call.seconds));
  text(".about", [call.where, call.dialled, call.agent, call.node].filter(Boolean).join(" · "));
  text(".reason", [call.unheard, call.reason, call.treatment, call.moved_to].filter(Boolean).join(" → "));
  element.querySelector(".asked").hidden = !call.asked;
  text(".asked span", call.asked);
  line(element.querySelector(".warnings"), call.warnings.map((w) => ["", w]));
  const meter = element.querySelector(".score");
  meter.hidden = call.score === null;
  if (call.score !== null) {
    meter.value = call.score;
    meter.high = call.threshold;
    meter.title = `${call.score.toFixed(1)} / ${call.threshold.toFixed(1)}`;
  }
  line(element.querySelector(".words"), call.words.map((w) => [w.who + (w.final ? "" : " partial"), w.text]));
  line(element.querySelector(".evidence"), call.evidence.map((e) =>
    [e.weight > 0 ? "for" : "against", `${e.weight > 0 ? "+" : ""}${e.weight.toFixed(1)} ${e.text} ${e.span}`]));
  element.classList.toggle("urgent", call.urgent && !call.over);
  element.classList.toggle("over", Boolean(call.over));
  if (call.urgent && !call.over) {
    calls.prepend(element);
    if (!was || !was.urgent) {
      document.getElementById("alarm").textContent = `${call.number} ${call.verdict} ${call.kind}`;
      beep();
    }
  }
  seen.set(call.id, call);
}

const source = new EventSource("/live/events");
source.onmessage = (event) => {
  const told = JSON.parse(event.data);
  told.calls.forEach(show);
  for (const id of told.gone) {
    document.getElementById("call-" + id)?.remove();
    seen.delete(id);
  }
  const words = [];
  if (told.feeds.includes(false)) words.push(state.dataset.feed);
  if (told.missed) words.push(state.dataset.missed.replace("{}", told.missed));
  state.textContent = words.join(" ");
  document.getElementById("none").hidden = seen.size > 0;
};
source.onerror = () => { state.textContent = state.dataset.away; };
