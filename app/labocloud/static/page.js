// What the pages do beyond being read: copy a command, open hints one by one, follow the steps of an
// exercise, search, watch the container.
"use strict";

// --- Blocks -------------------------------------------------------------------------------

// A browser hands out its clipboard on localhost and over TLS alone.
if (navigator.clipboard) {
  const words = document.body.dataset;
  const said = document.getElementById("said");
  for (const code of document.querySelectorAll("code.language-sh")) {
    const command = code.textContent;
    const [first, ...others] = command.trimEnd().split("\n");
    const what = words.colon + first + (others.length ? " …" : "");
    const button = document.createElement("button");
    const say = (word) => {
      button.textContent = word;
      button.setAttribute("aria-label", word + what);
    };
    say(words.copy);
    button.type = "button";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(command);
      say(words.copied);
      said.textContent = words.copied + what;
      setTimeout(() => {
        say(words.copy);
        said.textContent = "";
      }, 2000);
    });
    const block = code.parentElement;
    const frame = document.createElement("div");
    frame.className = "copied";
    block.replaceWith(frame);
    frame.append(block, button);
  }
}

// What is wider than the screen is scrolled with the keyboard too.
const wide = new ResizeObserver((seen) => {
  for (const { target } of seen) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const block of document.querySelectorAll("pre, p:has(> img:only-child)")) wide.observe(block);

// Of a menu that is wider than the screen, show the page where one is.
const current = document.querySelector("nav [aria-current]");
if (current) {
  const menu = current.parentElement;
  menu.scrollLeft = current.offsetLeft - (menu.clientWidth - current.offsetWidth) / 2;
}

// --- Hints --------------------------------------------------------------------------------

// The next one is there once the one before was opened; without this, all are.
const hints = [...document.querySelectorAll(".hints details")];
hints.forEach((hint, at) => {
  hint.hidden = at > 0;
  hint.addEventListener("toggle", () => {
    if (hint.open && hints[at + 1]) hints[at + 1].hidden = false;
  });
});

// --- Steps --------------------------------------------------------------------------------

const steps = document.getElementById("steps");
if (steps) {
  const items = (list) => [...list.querySelectorAll("li")];
  const isDone = (list) =>
    items(list).length > 0 && items(list).every((item) => item.dataset.state === "done");

  // Only the steps that changed are written anew, so that no others are said to those who listen.
  const show = (fresh) => {
    const [old, now] = [items(steps), items(fresh)];
    if (old.length !== now.length) {
      steps.replaceChildren(...fresh.childNodes);
      return;
    }
    old.forEach((item, at) => {
      if (item.outerHTML !== now[at].outerHTML) item.replaceWith(now[at]);
    });
  };

  const refresh = async () => {
    // A page that nobody sees is up to date soon after it is seen again.
    if (!document.hidden) {
      try {
        const answer = await fetch(steps.dataset.source, { signal: AbortSignal.timeout(2000) });
        if (!answer.ok) throw new Error(answer.status);
        const fresh = document.createElement("div");
        fresh.innerHTML = await answer.text();
        const isNew = isDone(fresh) && !isDone(steps);
        show(fresh);
        if (isNew) for (const text of document.querySelectorAll(".remember")) text.open = true;
      } catch {
        // A container that is gone, or paused, tells nothing new.
      }
    }
    setTimeout(refresh, 3000);
  };
  setTimeout(refresh, 3000);
}

// --- Search -------------------------------------------------------------------------------

const search = document.querySelector("form.search");
if (search) {
  const field = search.querySelector("input");
  const found = search.querySelector("output");
  const results = document.getElementById("results");
  const unsearched = [...document.querySelectorAll(".toc, section.chapter")];
  // Words without capitals and accents: « Reseau » finds « réseau ».
  const split = (text) =>
    text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  // How a word is among others: itself, as the beginning of one, or not at all.
  const rank = (words, word) =>
    words.includes(word) ? 0 : words.some((one) => one.startsWith(word)) ? 1 : 2;
  // An entry is found by its title, or else by its sentence and its keywords.
  const NOWHERE = 4;
  const place = ({ title, others }, word) => {
    const inTitle = rank(title, word);
    return inTitle < 2 ? inTitle : 2 + rank(others, word);
  };
  const entries = [...document.querySelectorAll("section.entry")].map((section) => {
    const title = split(section.querySelector("h3").textContent);
    const sentence = section.querySelector("p")?.textContent ?? "";
    const others = split(`${sentence} ${section.dataset.keywords ?? ""}`);
    return { section, chapter: section.parentElement, title, others };
  });

  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

  const filter = () => {
    const words = split(field.value);
    const shown = entries
      .map((entry) => ({ ...entry, places: words.map((word) => place(entry, word)) }))
      .filter(({ places }) => !places.includes(NOWHERE))
      .sort((one, other) => sum(one.places) - sum(other.places));
    // In the order of the page where nothing is searched for, else above it.
    for (const { section, chapter } of entries) chapter.append(section);
    for (const part of unsearched) part.hidden = words.length > 0;
    if (words.length) results.append(...shown.map(({ section }) => section));
    const { none, one, many } = found.dataset;
    found.textContent = [none, one][shown.length] ?? many.replace("{}", shown.length);
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
  const pause = document.getElementById("pause");
  const container = (list) => list.firstElementChild.dataset.container;
  // Whether it answers is told all the same.
  let held = false;

  // Only the values that changed are written anew, so that the others stay selected.
  const show = (fresh) => {
    const values = fresh.querySelectorAll("dd");
    facts.querySelectorAll("dd").forEach((value, at) => {
      if (value.innerHTML !== values[at].innerHTML) value.replaceWith(values[at]);
    });
    facts.firstElementChild.dataset.container = container(fresh);
  };

  // Once, for those who listen.
  const tell = (text) => {
    if (state.textContent !== text) state.textContent = text;
  };

  const refresh = async () => {
    try {
      const answer = await fetch(facts.dataset.source, { signal: AbortSignal.timeout(2000) });
      if (!answer.ok) throw new Error(answer.status);
      const fresh = document.createElement("div");
      fresh.innerHTML = await answer.text();
      if (container(fresh) !== container(facts)) tell(state.dataset.new);
      else if (state.textContent !== state.dataset.new) tell("");
      if (!held) show(fresh);
    } catch (error) {
      // One that is gone refuses the question; one that is paused takes it and says nothing.
      tell(state.dataset[error instanceof TypeError ? "gone" : "silent"]);
    }
    setTimeout(refresh, 2000);
  };

  const follows = pause.textContent;
  pause.addEventListener("click", () => {
    held = !held;
    pause.textContent = held ? pause.dataset.resume : follows;
  });
  pause.hidden = false;
  setTimeout(refresh, 2000);
}
