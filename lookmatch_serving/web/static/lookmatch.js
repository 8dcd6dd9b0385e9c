// What the pages do beyond plain links and forms. Everything here has a way that works without it.
"use strict";

(() => {
  // A look's products in a sheet over the feed; the address is the look's own, and Back closes the sheet.
  const sheet = document.getElementById("sheet");
  const body = document.getElementById("sheet-body");
  let opener = null;

  const openSheet = (address) => {
    body.replaceChildren();
    sheet.showModal();
    history.pushState({ sheet: true }, "", address);
  };

  if (sheet) {
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-sheet]");
      if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      opener = link;
      openSheet(link.href);
      htmx.ajax("GET", link.href, { target: body, source: link });
    });
    sheet.addEventListener("click", (event) => {
      if (event.target === sheet) sheet.close();
      const anchor = event.target.closest("a[href^='#']");
      const place = anchor && body.querySelector(`[id="${CSS.escape(anchor.getAttribute("href").slice(1))}"]`);
      if (place) {
        event.preventDefault();
        place.scrollIntoView();
      }
    });
    sheet.addEventListener("close", () => {
      body.replaceChildren();
      if (history.state && history.state.sheet) history.back();
      if (opener) opener.focus();
    });
    addEventListener("popstate", () => sheet.open && sheet.close());
  }

  // A look of one's own: chosen, dropped or pasted, and sent at once.
  const upload = document.querySelector("form[data-upload]");
  if (upload && sheet) {
    const input = upload.elements.image;
    const take = (files) => {
      const pictures = [...files].filter((file) => file.type.startsWith("image/"));
      if (!pictures.length) return false;
      const carrier = new DataTransfer();
      carrier.items.add(pictures[0]);
      input.files = carrier.files;
      upload.requestSubmit();
      return true;
    };
    upload.querySelector("button").addEventListener("click", (event) => {
      if (input.files.length) return;
      event.preventDefault();
      input.click();
    });
    input.addEventListener("change", () => input.files.length && upload.requestSubmit());
    addEventListener("paste", (event) => take(event.clipboardData.files) && event.preventDefault());
    addEventListener("dragover", (event) => {
      event.preventDefault();
      upload.classList.add("over");
    });
    addEventListener("dragleave", (event) => event.relatedTarget || upload.classList.remove("over"));
    addEventListener("drop", (event) => {
      event.preventDefault();
      upload.classList.remove("over");
      take(event.dataTransfer.files);
    });
    upload.addEventListener("htmx:beforeRequest", () => {
      opener = input;
      if (!sheet.open) openSheet("/");
    });
    upload.addEventListener("htmx:afterRequest", () => upload.reset());
  }

  // Server-sent progress ends with a link to the products: follow it.
  document.addEventListener("htmx:sseMessage", () => {
    const done = document.querySelector("a[data-location]");
    if (done) location.replace(done.href);
  });

  // A filtered look keeps its filters in the address.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target.closest("form[data-filters]");
    if (!form) return;
    const chosen = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    history.replaceState(history.state, "", `${form.getAttribute("action")}?${chosen}`);
  });

  document.addEventListener("htmx:sendError", () => {
    if (!sheet || !sheet.open) return;
    const note = document.createElement("p");
    note.className = "empty";
    note.setAttribute("role", "alert");
    note.textContent = sheet.dataset.failed;
    body.replaceChildren(note);
  });

  // Choosing a size without a new page: the link to the shop carries it.
  document.addEventListener("click", (event) => {
    const size = event.target.closest("a[data-size]");
    const buy = size && document.querySelector("a[data-buy]");
    if (!buy || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    for (const other of document.querySelectorAll("a[data-size]")) other.removeAttribute("aria-current");
    size.setAttribute("aria-current", "true");
    const address = new URL(buy.href);
    address.searchParams.set("size", size.dataset.size);
    buy.href = address.href;
    history.replaceState(history.state, "", size.href.split("#")[0]);
  });
})();
