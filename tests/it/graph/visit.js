// Searches, chooses, follows a way, hides a kind of step, and leaves a list of what the page showed each time.
"use strict";
const said = [];
const note = (what, text) => said.push(`${what}: ${text}`);
window.onerror = (message) => note("error", message);
document.addEventListener("securitypolicyviolation", (event) => note("error", event.violatedDirective));
const at = (id) => document.getElementById(id);
const texts = (selector) => [...document.querySelectorAll(selector)].map((one) => one.textContent);
const visit = () => {
  note("summary", at("summary").textContent);
  note("overview", at("caption").textContent);
  note("columns", texts(".column").join(" | "));
  note("boxes", document.querySelectorAll(".node").length > 10 ? "many" : "few");
  note("goal", texts(".node.goal text").join(" "));
  const query = at("query");
  query.value = "privesc9-AttachRolePolicy-role";
  query.dispatchEvent(new Event("input"));
  note("hits", texts("#hits button").join(" | "));
  document.querySelector("#hits button").click();
  note("after choosing", texts("#details h2").join(" "));
  note("address", location.hash.replace(/\d+/g, "N"));
  note("evidence", texts(".where").some((text) => /account-details\.json:\d+:\d+/.test(text)));
  [...document.querySelectorAll(".actions button")].find((one) => one.textContent.startsWith("Shortest")).click();
  note("way", at("caption").textContent);
  note("steps", document.querySelectorAll("#details ol li").length);
  note("strong lines", document.querySelectorAll(".edge.strong").length > 0);
  at("overview").click();
  const boxes = () => document.querySelectorAll(".edge").length;
  const before = boxes();
  document.querySelector("#legend input[name=administers]").click();
  note("without a kind of step", boxes() < before);
  note("legend", texts("#legend h3").join(" | "));
  note("hostile name", document.querySelectorAll("main script, main img").length);
  document.title = "done";
  document.body.replaceChildren(Object.assign(document.createElement("pre"), { id: "said", textContent: said.join("\n") }));
};
try { visit(); } catch (error) { document.body.textContent = `said\n${said.join("\n")}\nfailed: ${error}`; }
