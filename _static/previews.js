// A preview of what a link within the book leads to, beside the link: when the mouse rests on it,
// when the keyboard reaches it, and at a first tap (a second tap follows the link). It stays while
// one points at it, and Escape closes it. Without this script the links are ordinary links.
(() => {
  const PIECE = /#(def|thm|prop|cor|lem|claim|asm|rem|exa|eq|symbol)-|bibliography\.html#/;
  const WAIT = 250; // milliseconds that the mouse must rest, and that it may be away

  const root = new URL(document.documentElement.dataset.content_root || "./", document.baseURI).href;
  let texts; // a promise of all previews by address
  let box, shownFor, timer;

  function load() {
    texts ??= new Promise((resolve, reject) => {
      globalThis.passkPreviews = resolve;
      const script = document.createElement("script");
      script.src = `${root}_static/preview-texts.js`;
      script.onerror = reject;
      document.head.append(script);
    });
    return texts;
  }

  const linkOf = (event) => {
    const link = event.target.closest?.(".bd-article a[href*='#']");
    const leads = link && !link.closest(".preview") && PIECE.test(link.getAttribute("href"));
    return leads && link.href.startsWith(root) ? link : null;
  };

  async function show(link, byTouch = false) {
    const all = await load().catch(() => ({}));
    const html = all[decodeURIComponent(link.href.slice(root.length))];
    if (!html || !link.isConnected) return;
    hide();
    box = document.createElement("div");
    box.id = "preview";
    box.className = "preview";
    box.setAttribute("role", "tooltip");
    box.innerHTML = html;
    for (const name of ["href", "src"]) {
      for (const element of box.querySelectorAll(`[${name}]`)) {
        const address = element.getAttribute(name);
        if (!/^\w+:/.test(address)) element.setAttribute(name, root + address);
      }
    }
    if (byTouch) {
      const go = document.createElement("a");
      go.href = link.href;
      go.className = "preview-go";
      go.textContent = "Go there";
      box.append(go);
    }
    // Inside the article, so that it looks like what it shows.
    link.closest(".bd-article").append(box);
    shownFor = link;
    link.setAttribute("aria-describedby", box.id);
    place();
    await globalThis.MathJax?.typesetPromise?.([box]);
    place();
  }

  function place() {
    if (!box) return;
    const at = shownFor.getClientRects()[0] ?? shownFor.getBoundingClientRect();
    const { clientWidth: width, clientHeight: height } = document.documentElement;
    const left = Math.max(8, Math.min(at.left, width - box.offsetWidth - 8));
    const above = at.bottom + box.offsetHeight + 16 > height && at.top > height - at.bottom;
    box.style.left = `${left}px`;
    box.style.top = `${above ? Math.max(8, at.top - box.offsetHeight - 6) : at.bottom + 6}px`;
    box.style.maxHeight = `${Math.max(96, (above ? at.top : height - at.bottom) - 16)}px`;
  }

  function hide() {
    clearTimeout(timer);
    if (!box) return;
    globalThis.MathJax?.typesetClear?.([box]);
    shownFor.removeAttribute("aria-describedby");
    box.remove();
    box = shownFor = undefined;
  }

  const later = (action) => {
    clearTimeout(timer);
    timer = setTimeout(action, WAIT);
  };

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = linkOf(event);
    if (link && link !== shownFor) later(() => show(link));
    else if (link || box?.contains(event.target)) clearTimeout(timer);
    else if (!shownFor?.contains(document.activeElement)) later(hide);
  });
  document.addEventListener("focusin", (event) => {
    const link = linkOf(event);
    if (link === shownFor || box?.contains(event.target)) return;
    hide();
    if (link?.matches(":focus-visible")) show(link);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  // In the capture phase: a tap must not reach what else listens to clicks on links.
  document.addEventListener("click", (event) => {
    const link = linkOf(event);
    if (event.pointerType === "touch" && link && link !== shownFor) {
      event.preventDefault();
      show(link, true).then(() => link === shownFor || (location.href = link.href));
    } else if (!box?.contains(event.target)) hide();
  }, true);
  addEventListener("scroll", place, { passive: true });
  addEventListener("resize", place);
  addEventListener("pagehide", hide);
})();
