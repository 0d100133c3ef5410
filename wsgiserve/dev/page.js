"use strict";
{
  const markdown = document.getElementById("markdown");
  const button = document.createElement("button");
  const said = document.createElement("span");
  button.type = "button";
  button.textContent = "Copy as Markdown";
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(markdown.textContent);
      said.textContent = "Copied.";
    } catch {
      // No permission: select the text, and leave the rest to the keyboard.
      markdown.closest("details").open = true;
      getSelection().selectAllChildren(markdown);
      markdown.scrollIntoView();
      said.textContent = "Selected below; copy it from there.";
    }
  });
  document.getElementById("actions").append(button, said);
}
