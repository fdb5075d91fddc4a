// Follows an event stream for ever: comes back by itself, says how long it was away, leads to the login when that ended.
// `take` is told which event is a stream's first: it tells everything anew, and what it does not tell is no more.
"use strict";
const root = document.body.dataset.root;  // where the console lies: what every address of it begins with
function follow(path, state, take) {
  let lost = 0, source;
  const login = () => { location.href = `${root}/login?next=${encodeURIComponent(location.pathname + location.search)}`; };

  function said(seconds) {
    state.textContent = "";
    if (!seconds) return;
    state.textContent = state.dataset.back.replace("{}", seconds);
    if (!state.dataset.calls) return;
    const link = document.createElement("a");
    link.href = `${root}/calls?since=${encodeURIComponent(new Date(lost).toISOString())}`;
    link.textContent = state.dataset.calls;
    state.append(" ", link);
  }

  async function again() {
    const answer = await fetch(`${root}${path}?once`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer && answer.status === 401) login();
    else if (answer && answer.ok) open();
    else setTimeout(again, 2000);
  }

  function open() {
    let first = true;
    source = new EventSource(`${root}${path}`);
    source.onmessage = (event) => {
      if (lost) said(Math.max(1, Math.round((Date.now() - lost) / 1000)));
      lost = 0;
      take(JSON.parse(event.data), first);
      first = false;
    };
    source.addEventListener("ended", login);
    source.onerror = () => {
      lost ||= Date.now();
      state.textContent = state.dataset.away;
      source.close();
      setTimeout(again, 1000);
    };
  }
  open();
}

// A page that changes by itself leaves the focus where it is: what is moved keeps it; of what goes, another takes it.
function keeping(change, other) {
  const held = document.activeElement, next = other();
  change();
  if (!held || held === document.body) return;
  const stays = held.isConnected && held.checkVisibility();
  const takes = stays ? held : next.isConnected ? next : document.querySelector("h1");
  if (document.activeElement === takes) return;
  if (!stays && takes.tabIndex < 0) takes.tabIndex = -1;
  takes.focus({ preventScroll: true });
}

// Who said what, as text: whoever does not see the colours reads it too.
function talk(list, words) {
  list.replaceChildren(...words.map((word) => {
    const item = document.createElement("li"), who = document.createElement("b");
    item.className = word.who + (word.final ? "" : " partial");
    who.textContent = list.dataset[word.who] || "";
    item.append(who, " ", word.text);
    return item;
  }));
}

// A button that asks once before it does something; says what came of it, and leads to the login when that ended.
function sure(button, outcome, path, body) {
  const name = button.textContent;
  let asked;
  const calm = () => { clearTimeout(asked); button.classList.remove("sure"); button.textContent = name; };
  button.addEventListener("click", async () => {
    if (button.dataset.sure && !button.classList.contains("sure")) {
      button.classList.add("sure");
      button.textContent = button.dataset.sure;
      asked = setTimeout(calm, 4000);
      return;
    }
    calm();  // whoever presses once more is asked once more
    const answer = await fetch(`${root}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Guard": document.body.dataset.guard, "Accept": "application/json" },
      body: JSON.stringify(body),
    }).catch(() => null);
    if (answer && answer.status === 401) location.href = `${root}/login?next=${encodeURIComponent(location.pathname)}`;
    const said = answer ? await answer.json().catch(() => ({})) : {};
    const words = (answer && answer.ok ? outcome.dataset.done : outcome.dataset.not).replace("{}", name);
    outcome.textContent = said.told || [words, said.error].filter(Boolean).join(" · ");
  });
}
