// SPDX-License-Identifier: Apache-2.0
// Every page of the dashboard on the stage (stage.py), with the heading that it must have.
import { stage } from "./browser.mjs";

const of = (campaign, more = "") => `#/campaigns/${campaign}${more}`;

export const PAGES = stage.empty
  ? [
      ["overview", "#/", "Overview"],
      ["campaigns", "#/campaigns", "Campaigns"],
      ["new", "#/new", "New campaign"],
      ["find", "#/find", "Find a person"],
      ["find-nobody", "#/find?key=nobody", "Find a person"],
      ["replies", "#/replies", "Replies"],
      ["audiences", "#/audiences", "Audiences"],
      ["plans", "#/plans", "Plans"],
      ["providers", "#/providers", "Providers and workers"],
      ["tokens", "#/tokens", "Tokens"],
      ["audit", "#/audit", "Audit log"],
      ["no-campaign", of("c99"), "Campaign c99"],
      ["nowhere", "#/nowhere", "Nothing is here"],
    ]
  : [
      ["overview", "#/", "Overview"],
      ["campaigns", "#/campaigns", "Campaigns"],
      ["running", of(stage.running), "Power outage, first notice"],
      ["draft", of(stage.draft), /./],
      ["stopped", of(stage.stopped), "Stromausfallbenachrichtigungsaktualisierung"],
      ["finished", of(stage.finished), /./],
      ["eight", of(stage.eight), /./],
      ["people", of(stage.running, "/people?state=accepted"), "People: accepted"],
      ["reason", of(stage.stopped, "/people?reason=410"), "People not reached"],
      ["person", of(stage.running, `/people/${stage.person}`), stage.person],
      ["new", "#/new", "New campaign"],
      ["find", `#/find?key=${stage.person}`, "Find a person"],
      ["replies", "#/replies", "Replies"],
      ["audiences", "#/audiences", "Audiences"],
      ["plans", "#/plans", "Plans"],
      ["plan", "#/plans?name=outage-at-night", "outage-at-night"],
      ["audience", `#/audiences/${stage.audience}`, /./],
      ["providers", "#/providers", "Providers and workers"],
      ["tokens", "#/tokens", "Tokens"],
      ["audit", "#/audit", "Audit log"],
    ];
