
"use strict";
(() => {
  const root = document.documentElement;
  const of = (id) => document.getElementById(id);
  const data = JSON.parse(of("data").textContent);
  const talk = of("talk");
  const sound = of("sound");
  const turns = [...talk.querySelectorAll(".turn")];
  const STEP_S = 5;

  root.classList.add("js");
  root.classList.toggle("mute", !sound);

  const clock = (ms) => {
    const whole = Math.floor(ms / 1000);
    const minutes = Math.floor(whole / 60);
    const two = (number) => String(number).padStart(2, "0");
    return minutes < 60
      ? `${minutes}:${two(whole % 60)}`
      : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
  };

  // How many of a sorted list come no later than `ms`.
  const reachedBy = (sorted, ms) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle].from <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const byStart = (one, other) => one.from - other.from;

  // --- the text, by when it is heard ---

  const shown = [...talk.querySelectorAll("[data-from]")].map((node) => ({
    node, from: Number(node.dataset.from), to: Number(node.dataset.to || 0),
  }));
  const spoken = shown.filter((word) => word.to).sort(byStart);
  const starts = turns.filter((node) => node.dataset.at)
    .map((node) => ({ node, from: Number(node.dataset.at) }));
  // A turn without sound comes as a whole; of a spoken one, what stands around its words.
  const around = starts.flatMap(({ node, from }) => (node.classList.contains("spoken")
    ? [...node.children].filter((child) => !child.matches(".text")) : [node])
    .map((part) => ({ node: part, from })));
  const order = shown.concat(around).sort(byStart);
  let reached = 0;
  let lit = [];
  let at = null;

  const reach = (ms) => {
    const now = reachedBy(order, ms);
    for (let place = Math.min(now, reached); place < Math.max(now, reached); place += 1) {
      order[place].node.classList.toggle("ahead", place >= now);
    }
    reached = now;
  };

  const light = (ms) => {
    const last = spoken[reachedBy(spoken, ms) - 1];
    const word = last && ms < last.to ? last : null;
    if (word ? !lit.includes(word) : lit.length) {
      lit.forEach(({ node }) => node.classList.remove("lit"));
      // Several pieces where its looks change within it.
      lit = word ? spoken.filter(({ from, to }) => from === word.from && to === word.to) : [];
      lit.forEach(({ node }) => node.classList.add("lit"));
    }
    const turn = starts[reachedBy(starts, ms) - 1]?.node ?? null;
    if (turn !== at) {
      at?.classList.remove("at");
      turn?.classList.add("at");
      at = turn;
    }
  };

  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const bring = (box, share) => window.scrollTo({
    top: window.scrollY + box.top - window.innerHeight * share,
    behavior: calm.matches ? "auto" : "smooth",
  });

  // --- the sound ---

  const place = of("place");
  const wave = of("wave");
  let following = true;
  let frame = 0;

  const follow = (yes) => {
    following = yes;
    of("follow").hidden = yes || !sound;
  };

  const keepInView = () => {
    const node = lit[0]?.node;
    if (!following || !node) return;
    const box = node.getBoundingClientRect();
    const bottom = of("player").getBoundingClientRect().top;
    if (box.top < 40 || box.bottom > bottom - 40) bring(box, 0.3);
  };

  const show = () => {
    const ms = sound.currentTime * 1000;
    reach(ms);
    // Nothing is lit in a page that was only opened.
    if (ms > 0 || !sound.paused) light(ms);
    place.value = ms;
    place.setAttribute("aria-valuetext", `${clock(ms)} of ${clock(data.duration_ms)}`);
    wave.style.setProperty("--place", `${(100 * ms) / Math.max(1, data.duration_ms)}%`);
    of("now").textContent = clock(ms);
  };

  const run = () => {
    cancelAnimationFrame(frame);
    show();
    keepInView();
    if (!sound.paused) frame = requestAnimationFrame(run);
  };

  const told = () => {
    const on = !sound.paused;
    root.classList.toggle("on", on);
    root.classList.toggle("following", on);
    of("play").setAttribute("aria-label", on ? "Pause" : "Play");
    run();
  };

  const toggle = () => {
    if (sound.paused) sound.play().catch(failed);
    else sound.pause();
  };

  const failed = () => {
    if (sound.error) of("clock").textContent = "This browser cannot play the sound.";
  };

  const seek = (ms) => {
    sound.currentTime = Math.min(Math.max(0, ms), data.duration_ms) / 1000;
    follow(true);
    show();
  };

  const faster = (steps) => {
    const speed = of("speed");
    const next = speed.selectedIndex + steps;
    speed.selectedIndex = Math.min(Math.max(0, next), speed.options.length - 1);
    sound.playbackRate = Number(speed.value);
  };

  // --- the waveform ---

  const peaks = (data.peaks.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
  const loudest = Math.max(1, ...peaks);

  const draw = () => {
    const { width, height } = wave.getBoundingClientRect();
    const bars = Math.max(1, Math.min(peaks.length, Math.floor(width / 4)));
    let path = "";
    for (let bar = 0; bar < bars; bar += 1) {
      const first = Math.floor((bar * peaks.length) / bars);
      const last = Math.max(first + 1, Math.floor(((bar + 1) * peaks.length) / bars));
      const peak = Math.max(...peaks.slice(first, last)) / loudest;
      const length = Math.max(0.1, peak * (height - 10));
      const x = ((bar + 0.5) * width) / bars;
      path += `M${x.toFixed(1)} ${((height - length) / 2).toFixed(1)}v${length.toFixed(1)}`;
    }
    wave.querySelectorAll(".bars").forEach((bar) => bar.setAttribute("d", path));
    const marks = starts.filter(({ node, from }) => from && node.classList.contains("spoken"));
    const room = marks.length * 5 < width;
    wave.querySelector(".starts").setAttribute("d", !room ? "" : marks.map(({ from }) =>
      `M${((from / data.duration_ms) * width).toFixed(1)} ${height}v-5`).join(""));
  };

  const point = (event) => {
    const box = wave.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    of("pointed").textContent = clock(share * data.duration_ms);
    of("pointed").style.left = `${100 * share}%`;
    of("pointed").hidden = event.type === "pointerleave";
  };

  // --- searching ---

  let hits = [];
  let hit = -1;
  const marks = globalThis.CSS?.highlights;

  const ranges = (node, pattern) => {
    const parts = [];
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    let length = 0;
    while (walker.nextNode()) {
      parts.push({ text: walker.currentNode, from: length });
      length += walker.currentNode.length;
    }
    return [...node.textContent.matchAll(pattern)].map((match) => {
      const range = document.createRange();
      const first = parts[reachedBy(parts, match.index) - 1];
      const last = parts[reachedBy(parts, match.index + match[0].length - 1) - 1];
      range.setStart(first.text, match.index - first.from);
      range.setEnd(last.text, match.index + match[0].length - last.from);
      return range;
    });
  };

  const search = () => {
    const words = of("wanted").value.trim().split(/\s+/).filter(Boolean);
    const pattern = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("\\s+");
    hits = !pattern ? [] : [...talk.querySelectorAll(".text")]
      .flatMap((text) => ranges(text, new RegExp(pattern, "giu")));
    hit = -1;
    if (marks) {
      const all = new Highlight();
      hits.forEach((range) => all.add(range));
      marks.set("hit", all);
    }
    if (hits.length) go(1);
    else tellHits();
  };

  const tellHits = () => {
    const found = hits.length ? `${hit + 1} of ${hits.length}` : "no hits";
    of("hits").textContent = of("wanted").value.trim() ? found : "";
    if (!hits.length) marks?.delete("hit-now");
  };

  const go = (steps) => {
    if (!hits.length) return;
    hit = (hit + steps + hits.length) % hits.length;
    const range = hits[hit];
    marks?.set("hit-now", new Highlight(range));
    if (!marks) {
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    }
    tellHits();
    if (sound && !sound.paused) follow(false);
    const box = range.getBoundingClientRect();
    const bottom = of("player").getBoundingClientRect().top;
    if (box.top < 30 || box.bottom > bottom - 30) bring(box, 0.35);
  };

  const openSearch = () => {
    of("finder").hidden = false;
    of("wanted").focus();
    of("wanted").select();
  };

  const closeSearch = () => {
    of("finder").hidden = true;
    of("wanted").value = "";
    search();
    of("search").focus();
  };

  // --- turns, colours, keys ---

  const step = (steps) => {
    const focused = document.activeElement?.closest?.(".turn") ?? at;
    const here = focused ? turns.indexOf(focused) : -1;
    const next = turns[Math.min(Math.max(0, here + steps), turns.length - 1)];
    if (!next) return;
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
    if (sound) seek(Number(next.dataset.at));
    bring(next.getBoundingClientRect(), 0.1);
  };

  const THEMES = ["", "dark", "light"];
  const theme = () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "") + 1) % THEMES.length];
    if (next) root.dataset.theme = next;
    else delete root.dataset.theme;
    of("theme").setAttribute("aria-label", `Colours: ${next || "as the system"}`);
  };

  const heard = {
    " ": toggle,
    ArrowLeft: () => seek(sound.currentTime * 1000 - STEP_S * 1000),
    ArrowRight: () => seek(sound.currentTime * 1000 + STEP_S * 1000),
    Home: () => seek(0),
    End: () => seek(data.duration_ms),
    "<": () => faster(-1),
    ">": () => faster(1),
    f: () => { follow(true); keepInView(); },
  };
  const always = {
    j: () => step(1),
    k: () => step(-1),
    "/": openSearch,
    n: () => go(1),
    N: () => go(-1),
    d: theme,
    "?": () => of("keys").showModal(),
  };
  const keys = sound ? { ...always, ...heard } : always;

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || of("keys").open) return;
    if (key === "Escape" && !of("finder").hidden) return closeSearch();
    if (target === of("wanted") || target === of("speed")) return;
    if (key === " " && target.closest("button, a")) return;
    if (!Object.hasOwn(keys, key)) return;
    event.preventDefault();
    keys[key]();
  });

  talk.addEventListener("click", (event) => {
    if (!sound || event.target.closest("a") || !getSelection().isCollapsed) return;
    const button = event.target.closest("[data-seek]");
    const word = event.target.closest("[data-from]");
    if (button) seek(Number(button.dataset.seek));
    else if (word) seek(Number(word.dataset.from));
  });

  of("finder").addEventListener("submit", (event) => event.preventDefault());
  of("wanted").addEventListener("input", search);
  of("wanted").addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      go(event.shiftKey ? -1 : 1);
    }
  });
  of("earlier").addEventListener("click", () => go(-1));
  of("later").addEventListener("click", () => go(1));
  of("found").addEventListener("click", closeSearch);
  of("search").addEventListener("click", openSearch);
  of("theme").addEventListener("click", theme);
  of("ask").addEventListener("click", keys["?"]);
  if (!sound) return;

  sound.removeAttribute("controls");
  sound.preservesPitch = true;
  place.max = data.duration_ms;
  of("whole").textContent = clock(data.duration_ms);
  order.forEach(({ node }) => node.classList.add("ahead"));
  ["play", "pause", "ended"].forEach((name) => sound.addEventListener(name, told));
  ["seeked", "timeupdate"].forEach((name) => sound.addEventListener(name, show));
  sound.addEventListener("error", failed);
  of("play").addEventListener("click", toggle);
  of("speed").addEventListener("change", () => faster(0));
  of("follow").addEventListener("click", heard.f);
  place.addEventListener("input", () => seek(Number(place.value)));
  ["pointermove", "pointerleave"].forEach((name) => wave.addEventListener(name, point));
  ["wheel", "touchmove"].forEach((name) => document.addEventListener(name, (event) => {
    if (!sound.paused && !event.target.closest("#player")) follow(false);
  }, { passive: true }));
  new ResizeObserver(draw).observe(wave);
  draw();
  show();
})();
