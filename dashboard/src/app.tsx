// SPDX-License-Identifier: Apache-2.0
import type { ComponentType } from "preact";
import { session } from "./lib/api";
import { place } from "./lib/route";
import { useStore } from "./lib/store";
import { Empty, PageHead } from "./ui/basics";
import { Shell } from "./ui/shell";
import { AudiencePage, Audiences } from "./pages/audiences";
import { Audit } from "./pages/audit";
import { CampaignPage } from "./pages/campaign";
import { Campaigns } from "./pages/campaigns";
import { Find } from "./pages/find";
import { NewCampaign } from "./pages/new_campaign";
import { Overview } from "./pages/overview";
import { People } from "./pages/people";
import { Plans } from "./pages/plans";
import { Providers } from "./pages/providers";
import { Recipient } from "./pages/recipient";
import { Replies } from "./pages/replies";
import { Tokens } from "./pages/tokens";
import { SignIn } from "./pages/sign_in";

function Nowhere() {
  return <><PageHead title="Nothing is here" /><div class="card"><Empty>There is no such page. <a href="#/">To the overview</a>.</Empty></div></>;
}

const SIMPLE: Record<string, ComponentType> = { new: NewCampaign, find: Find, replies: Replies, plans: Plans, providers: Providers, tokens: Tokens, audit: Audit };

function Page() {
  const { parts, hash } = useStore(place);
  const [first, second, third, fourth] = parts;
  if (first === undefined) {
    return <Overview />;
  }
  if (first === "campaigns") {
    if (second === undefined) {
      return <Campaigns />;
    }
    if (third === undefined) {
      return <CampaignPage key={second} id={second} />;
    }
    if (third === "people") {
      return fourth === undefined ? <People key={second} id={second} /> : <Recipient key={hash} id={second} recipient={fourth} />;
    }
    return <Nowhere />;
  }
  if (first === "audiences") {
    return second === undefined ? <Audiences /> : <AudiencePage key={second} id={second} />;
  }
  const Simple = SIMPLE[first];
  return Simple && second === undefined ? <Simple key={first === "find" || first === "audit" || first === "plans" ? hash : first} /> : <Nowhere />;
}

export function App() {
  const now = useStore(session);
  return now === null ? <SignIn /> : <Shell><Page /></Shell>;
}
