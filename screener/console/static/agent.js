// An agent's page: the present call and its card. A pinned card stays; switched off, none is shown.
"use strict";
const $ = (id) => document.getElementById(id);
const state = $("state"), present = $("present"), card = $("card");
let pinned = null, off = localStorage.getItem("cards") === "off", last = null;

function setCards() {
  $("cards").textContent = off ? $("cards").dataset.on : $("cards").dataset.off;
  $("cards").setAttribute("aria-pressed", String(off));
  localStorage.setItem("cards", off ? "off" : "on");
}
$("cards").addEventListener("click", () => { off = !off; setCards(); if (last) show(last); });
setCards();

$("pin").addEventListener("click", () => {
  pinned = pinned ? null : last && last.card;
  $("pin").setAttribute("aria-pressed", String(Boolean(pinned)));
  if (last) show(last);
});

const outcome = document.querySelector(".outcome");
for (const button of document.querySelectorAll("[data-act]")) {
  sure(button, outcome, "/agent/order", { act: button.dataset.act });
}

const pause = $("pause"), taking = pause.querySelector("button"), paused = pause.querySelector("[role=status]");
taking.addEventListener("click", async () => {
  taking.disabled = true;
  const answer = await fetch(`${root}/agent/pause`, {
    method: "POST", headers: { "X-Guard": document.body.dataset.guard, "Accept": "application/json" },
  }).catch(() => null);
  if (!answer || !answer.ok) paused.textContent = paused.dataset.refused;
  taking.disabled = false;
});

function list(element, texts) {
  element.replaceChildren(...texts.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
}

function show(told) {
  if (!last || last.call !== told.call) {
    pinned = null;
    outcome.textContent = "";
    $("pin").setAttribute("aria-pressed", "false");
  }
  last = told;
  present.hidden = !told.call;
  pause.hidden = !told.pause_minutes;
  taking.hidden = Boolean(told.pause);
  taking.textContent = taking.dataset.text.replace("{}", String(Math.round(told.pause_minutes * 10) / 10));
  paused.textContent = (paused.dataset[told.pause] || "").replace("{}", taking.textContent);
  $("warn").hidden = !told.may_warn;
  document.querySelector(".answer").textContent = told.answer;
  const waits = document.querySelector("#present .waits");
  waits.hidden = !told.waits;
  waits.querySelector("span").textContent = told.waits;
  list(document.querySelector(".warnings"), told.warned);
  $("none").hidden = Boolean(told.call) || !told.heard;
  $("unheard").textContent = told.heard || told.call ? "" : $("unheard").dataset.text;
  $("number").textContent = told.call ? told.number : "";
  const shown = off ? null : pinned || told.card;
  card.hidden = !shown;
  $("usual").hidden = Boolean(shown);
  if (shown && card.dataset.id !== shown.id) {
    card.dataset.id = shown.id;
    card.querySelector("h2").textContent = shown.name;
    card.querySelector(".sign").textContent = shown.sign;
    card.querySelector(".say").textContent = shown.say;
    list(card.querySelector(".do"), shown.do);
    list(card.querySelector(".avoid"), shown.avoid);
  }
  const listening = document.querySelector(".listening");
  listening.hidden = told.listening === null;
  if (told.listening !== null) {
    listening.querySelector("meter").value = told.listening;
    listening.querySelector("span").textContent = listening.dataset.text.replace("{}", told.listening);
  }
  talk(document.querySelector(".words"), told.words);
}

follow("/agent/events", state, (told) => keeping(() => show(told), () => document.querySelector("h1")));
