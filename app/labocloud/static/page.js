// What the pages do beyond being read: copy a command, search, watch the container.
"use strict";

// --- Blocks -------------------------------------------------------------------------------

// A browser hands out its clipboard on localhost and over TLS alone.
if (navigator.clipboard) {
  const words = document.body.dataset;
  for (const code of document.querySelectorAll("code.language-sh")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words.copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = words.copied;
      setTimeout(() => { button.textContent = words.copy; }, 2000);
    });
    const block = code.parentElement;
    const frame = document.createElement("div");
    frame.className = "copied";
    block.replaceWith(frame);
    frame.append(block, button);
  }
}

// One that is wider than the screen is scrolled with the keyboard too.
for (const block of document.querySelectorAll("pre")) {
  if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
}

// --- Search -------------------------------------------------------------------------------

const search = document.querySelector("form.search");
if (search) {
  const field = search.querySelector("input");
  const found = search.querySelector("output");
  // Without capitals and accents: « Reseau » finds « réseau ».
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const entries = [...document.querySelectorAll("section.entry")]
    .map((section) => ({ section, text: plain(section.textContent) }));
  const chapters = [...document.querySelectorAll("section.chapter")];

  const filter = () => {
    const words = plain(field.value).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { section, text } of entries) {
      section.hidden = !words.every((word) => text.includes(word));
      count += section.hidden ? 0 : 1;
    }
    for (const chapter of chapters) {
      chapter.hidden = !chapter.querySelector("section.entry:not([hidden])");
    }
    const { none, one, many } = found.dataset;
    found.textContent = [none, one][count] ?? many.replace("{}", count);
  };

  field.addEventListener("input", filter);
  search.addEventListener("submit", (event) => event.preventDefault());
  search.hidden = false;
  filter();
}

// --- The container ------------------------------------------------------------------------

const facts = document.getElementById("facts");
if (facts) {
  const state = document.getElementById("state");
  const identity = () => facts.firstElementChild.dataset.container;

  const refresh = async () => {
    try {
      const answer = await fetch(facts.dataset.source, { signal: AbortSignal.timeout(2000) });
      if (!answer.ok) throw new Error(answer.status);
      const before = identity();
      facts.innerHTML = await answer.text();
      if (identity() !== before) state.textContent = state.dataset.new;
      else if (state.textContent === state.dataset.gone) state.textContent = "";
    } catch {
      state.textContent = state.dataset.gone;
    }
    setTimeout(refresh, 2000);
  };
  setTimeout(refresh, 2000);
}
