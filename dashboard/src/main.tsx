// SPDX-License-Identifier: Apache-2.0
import { render } from "preact";
import { App } from "./app";
import { errorText, resume, signedOutBecause } from "./lib/api";
import { followSession } from "./lib/live";
import { followHash } from "./lib/route";
import { startTheme } from "./lib/theme";
import "./style/base.css";
import "./style/parts.css";
import "./style/pages.css";

startTheme();
followHash();
followSession();
resume()
  .catch((error) => signedOutBecause.set(errorText(error)))
  .finally(() => render(<App />, document.getElementById("app")!));
