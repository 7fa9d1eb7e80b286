"use strict";
document.documentElement.classList.add("scripted");
addEventListener("DOMContentLoaded", () => {
  const rows = [...document.querySelectorAll(".rows tbody tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const filter = document.getElementById("filter");
  const count = document.getElementById("count");
  const narrow = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    rows.forEach((row, at) => {
      row.hidden = !words.every((word) => texts[at].includes(word));
      left += row.hidden ? 0 : 1;
    });
    count.textContent = words.length ? `${left} of ${rows.length}` : "";
  };
  filter.addEventListener("input", narrow);
  document.querySelector(".rows").addEventListener("click", async (event) => {
    if (event.target.tagName !== "BUTTON") return;
    const line = event.target.previousElementSibling;
    try {
      await navigator.clipboard.writeText(line.textContent);
      event.target.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(line);
    }
  });
  narrow();
});
