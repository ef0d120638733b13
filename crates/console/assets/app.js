// Live updates, a countdown that ticks, a name remembered. Every page works without this file.
"use strict";
(() => {
  const main = document.getElementById("main");
  const live = document.getElementById("live");

  // A chart's values at a column, under the pointer or by the arrow keys: told in its line, drawn on all.
  let reading = null;
  const plots = () => [...document.querySelectorAll(".plot")];
  const read = (name, wanted) => {
    const charts = document.getElementById("charts");
    const plot = plots().find((plot) => plot.getAttribute("aria-label") === name);
    if (!plot) return;
    const columns = plot.dataset.columns.split("|");
    const at = Math.max(0, Math.min(columns.length - 1, wanted));
    const time = Number(charts.dataset.end) - (columns.length - 1 - at) * charts.dataset.step;
    const clock = new Date(time + 9 * 3600e3).toISOString().slice(11, 19);
    const told = charts.dataset.told.split("\n").map((line) => line.split("\t"))
      .filter(([column, words]) => words && Number(column) === at).map(([, words]) => words);
    const words = [clock, columns[at] || "–", ...told].join(" · ");
    reading = { name, at };
    plot.setAttribute("aria-valuenow", at);
    plot.setAttribute("aria-valuetext", words);
    plot.parentElement.querySelector(".said").textContent = words;
    for (const other of plots()) other.querySelector(".cursor").setAttribute("d", `M${at} 0v400`);
  };
  document.addEventListener("pointermove", (event) => {
    const plot = event.target.closest && event.target.closest(".plot");
    if (!plot) return;
    const box = plot.getBoundingClientRect();
    const last = plot.dataset.columns.split("|").length - 1;
    read(plot.getAttribute("aria-label"), Math.round((event.clientX - box.left) / box.width * last));
  });
  document.addEventListener("keydown", (event) => {
    const plot = event.target.closest(".plot");
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -1e9, End: 1e9 }[event.key];
    if (!plot || !step) return;
    event.preventDefault();
    read(plot.getAttribute("aria-label"), Number(plot.getAttribute("aria-valuenow")) + step);
  });

  // Puts in what changed and nothing else, so that scrolling, focus, an open form and a screen reader
  // stay where they were. Items of a list are told apart by their key, never by their place.
  const merge = (now, next) => {
    if (now.isEqualNode(next)) return;
    for (const { name } of [...now.attributes]) {
      if (!next.hasAttribute(name) && name !== "open") now.removeAttribute(name);
    }
    for (const { name, value } of next.attributes) {
      if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    }
    if (now.matches("ul.rows")) return mergeList(now, next);
    const before = [...now.childNodes];
    const after = [...next.childNodes];
    if (before.length !== after.length || before.some((node, i) => node.nodeName !== after[i].nodeName)) {
      now.replaceChildren(...after);
      return;
    }
    before.forEach((node, i) => {
      if (node.nodeType === Node.ELEMENT_NODE) merge(node, after[i]);
      else if (node.nodeValue !== after[i].nodeValue) node.nodeValue = after[i].nodeValue;
    });
  };

  const mergeList = (now, next) => {
    const items = [...next.children];
    const wanted = new Set(items.map((item) => item.dataset.key));
    const known = new Map();
    for (const old of [...now.children]) {
      if (wanted.has(old.dataset.key)) known.set(old.dataset.key, old);
      else old.remove();
    }
    let place = now.firstElementChild;
    for (const item of items) {
      const old = known.get(item.dataset.key);
      if (old) merge(old, item);
      if (old && old === place) place = place.nextElementSibling;
      else now.insertBefore(old || item, place);
    }
  };

  const update = (html, selector) => {
    const next = new DOMParser().parseFromString(html, "text/html");
    for (const panel of next.querySelectorAll(selector)) {
      const now = document.getElementById(panel.id);
      if (now) merge(now, document.importNode(panel, true));
    }
    const title = document.querySelector("[data-title]");
    if (title) document.title = title.dataset.title;
    remember();
    if (reading) read(reading.name, reading.at);
  };

  // The clock of the service, as far as this page knows it.
  let offset = 0;
  const sync = () => {
    const at = document.querySelector(".who time");
    if (at) offset = Date.parse(at.dateTime) - Date.now();
  };
  const two = (n) => String(n).padStart(2, "0");
  const tick = () => {
    for (const el of document.querySelectorAll(".countdown")) {
      const left = Math.max(0, Math.round((Date.parse(el.dateTime) - Date.now() - offset) / 1000));
      const days = el.textContent.includes(" ") ? el.textContent.split(" ")[0] + " " : "";
      el.textContent = days + [left / 3600 % 24, left / 60 % 60, left % 60].map((n) => two(Math.floor(n))).join(":");
    }
  };

  const say = (on) => {
    if (!live) return;
    const text = on ? live.dataset.live : live.dataset.lost;
    if (live.textContent !== text) live.textContent = text;
    live.className = on ? "live on" : "live off";
  };

  if (main && main.dataset.events) {
    sync();
    setInterval(tick, 1000);
    let source = null;
    let retry = 0;
    const connect = () => {
      source = new EventSource(main.dataset.events);
      source.onmessage = (event) => {
        retry = 0;
        update(event.data, "section[id]");
        sync();
        say(true);
      };
      source.onerror = () => {
        say(false);
        // The browser tries again by itself unless the answer was an error: then it is up to us.
        if (source.readyState === EventSource.CLOSED) {
          retry = Math.min(retry + 1, 6);
          setTimeout(connect, 1000 * 2 ** retry);
        }
      };
    };
    connect();
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        source.close();
      } else if (source.readyState === EventSource.CLOSED) {
        connect();
      }
    });
  }

  // Other pages ask again for themselves.
  const again = document.querySelector("[data-refresh]");
  if (again) {
    const reload = async () => {
      // Whoever reads one line whole does not want it to move.
      if (!document.hidden && !document.querySelector("details.whole[open]")) {
        try {
          const answer = await fetch(location.href, { headers: { accept: "text/html" } });
          if (answer.ok && !answer.redirected) update(await answer.text(), "[data-refresh]");
        } catch {
          // The service restarts: the next time will tell.
        }
      }
      setTimeout(reload, again.dataset.refresh * 1000);
    };
    setTimeout(reload, again.dataset.refresh * 1000);
  }

  // A link from elsewhere carries no session, but what this page asks for does: who is signed in goes on.
  if (document.querySelector("form[data-again]") && location.pathname !== "/console/login") {
    fetch(location.href, { headers: { accept: "text/html" } }).then((answer) => {
      if (answer.ok) location.replace(location.href);
    }, () => {});
  }

  // The name that was typed last, in every form that asks for one.
  const remember = () => {
    for (const input of document.querySelectorAll("input[name=by]")) {
      if (!input.value) input.value = localStorage.getItem("bongsu-by") || "";
    }
  };
  remember();
  document.addEventListener("submit", (event) => {
    const by = event.target.querySelector("input[name=by]");
    if (by && by.value) localStorage.setItem("bongsu-by", by.value);
  });
  document.documentElement.classList.add("js");

  // `/` to go somewhere or to look in the log, `?` for the keys, `g` and a letter to go at once.
  const palette = document.getElementById("palette");
  const keys = document.getElementById("keys");
  const wanted = palette && palette.querySelector("input");
  const choices = palette ? [...palette.querySelectorAll("li")] : [];
  const find = palette && palette.querySelector("[data-find]");
  const narrow = () => {
    const text = wanted.value.trim().toLowerCase();
    for (const item of choices) {
      const link = item.querySelector("a");
      item.hidden = link !== find && !link.textContent.toLowerCase().includes(text);
    }
    find.parentElement.hidden = !text;
    find.href = "/console/logs?q=" + encodeURIComponent(wanted.value.trim());
  };
  if (palette) {
    wanted.addEventListener("input", narrow);
    palette.addEventListener("keydown", (event) => {
      const links = choices.filter((item) => !item.hidden).map((item) => item.querySelector("a"));
      const at = links.indexOf(document.activeElement);
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        const next = links[at + step];
        (next || (step < 0 ? wanted : links[0])).focus();
        event.preventDefault();
      } else if (event.key === "Enter" && at < 0 && links[0]) {
        event.preventDefault();
        links[0].click();
      }
    });
    document.getElementById("show-keys").addEventListener("click", () => keys.showModal());
  }
  const places = new Map(choices.map((item) => [item.querySelector("kbd"), item.querySelector("a")])
    .filter(([key]) => key).map(([key, link]) => [key.textContent.slice(-1), link.href]));
  let going = 0;
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input,select,textarea,dialog,[contenteditable]");
    if (!palette || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      event.preventDefault();
      wanted.value = "";
      narrow();
      palette.showModal();
      wanted.focus();
    } else if (event.key === "?") {
      keys.showModal();
    } else if (Date.now() - going < 1500 && places.has(event.key)) {
      location.assign(places.get(event.key));
    }
    going = event.key === "g" ? Date.now() : 0;
  });

  document.addEventListener("click", (event) => {
    const copy = event.target.closest(".copy");
    if (copy && navigator.clipboard) {
      const text = copy.textContent;
      navigator.clipboard.writeText(copy.nextElementSibling.textContent).then(() => {
        copy.textContent = text + " ✓";
      }, () => {});
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const open of document.querySelectorAll("details.act[open]")) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.act[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });
})();
