// SPDX-License-Identifier: Apache-2.0
// The page at /docs: docs/openapi.yaml, to be read. The document is part of the bundle; nothing is loaded.
import { render, type ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import {
  entriesOf, follow, membersOf, nameOf, words,
  type Content, type Document, type Entry, type Parameter, type Schema,
} from "./description";
import raw from "./openapi.yaml";
import "./docs.css";

const openapi: Document = raw;

/** `code` between backquotes, paragraphs between empty lines. */
function Prose({ text }: { text: string }) {
  return (
    <>
      {text.trim().split(/\n\s*\n/).map((paragraph) => (
        <p>{paragraph.split("`").map((part, i) => (i % 2 === 1 ? <code>{part}</code> : part))}</p>
      ))}
    </>
  );
}

/** Where a schema leads to: the first with a name in it. */
function reference(schema: Schema): string | undefined {
  if (schema.$ref !== undefined) {
    return nameOf(schema.$ref);
  }
  for (const part of [schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    const found = part === undefined ? undefined : reference(part);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

function TypeWords({ schema }: { schema: Schema }) {
  const name = reference(schema);
  const text = words(schema);
  return name === undefined ? <span class="type">{text}</span> : <a class="type" href={`#schema-${name}`}>{text}</a>;
}

function Members({ schema }: { schema: Schema }) {
  const members = membersOf(openapi, schema);
  if (members.length === 0) {
    return null;
  }
  return (
    <ul class="members">
      {members.map(([name, member, isRequired]) => {
        const inner = member.$ref === undefined ? (member.items ?? member) : undefined;
        const note = member.description ?? (member.$ref !== undefined ? undefined : member.items?.description);
        return (
          <li>
            <code>{name}</code> <TypeWords schema={member} />
            {isRequired && <span class="required">always</span>}
            {note !== undefined && <span class="note">{note}</span>}
            {inner !== undefined && inner.$ref === undefined && <Members schema={inner} />}
          </li>
        );
      })}
    </ul>
  );
}

function Parameters({ parameters }: { parameters: Parameter[] }) {
  if (parameters.length === 0) {
    return null;
  }
  return (
    <>
      <h4>Parameters</h4>
      <ul class="members">
        {parameters.map((parameter) => (
          <li>
            <code>{parameter.name}</code> <TypeWords schema={parameter.schema ?? {}} />
            <span class="required">{parameter.in}{parameter.required === true && parameter.in !== "path" ? ", required" : ""}</span>
            <span class="note">{parameter.description}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Bodies({ content }: { content: Content }) {
  return (
    <ul class="members">
      {Object.entries(content).map(([media, { schema }]) => (
        <li>
          <code>{media}</code> {schema !== undefined && <TypeWords schema={schema} />}
          {schema !== undefined && schema.$ref === undefined && <Members schema={schema.items ?? schema} />}
        </li>
      ))}
    </ul>
  );
}

function Example({ entry }: { entry: Entry }) {
  const isOpen = entry.operation["x-roles"].includes("anybody");
  const parts = ["curl"];
  if (entry.method !== "GET") {
    parts.push(`-X ${entry.method}`);
  }
  if (!isOpen) {
    parts.push('-H "Authorization: Bearer $TOKEN"');
  }
  if (entry.operation.requestBody !== undefined) {
    parts.push(`-H "Content-Type: ${Object.keys(entry.operation.requestBody.content)[0]}"`, "--data-binary @FILE");
  }
  parts.push(`"${location.origin}${entry.path}"`);
  return <pre tabIndex={0} aria-label="An example">{parts.join(" \\\n  ")}</pre>;
}

function Details({ entry }: { entry: Entry }) {
  const { operation } = entry;
  return (
    <div class="details">
      {operation.description !== undefined && <Prose text={operation.description} />}
      <p class="roles">For: {operation["x-roles"].join(", ")}</p>
      <Parameters parameters={entry.parameters} />
      {operation.requestBody !== undefined && (
        <>
          <h4>Body{operation.requestBody.required === true ? "" : ", if any"}</h4>
          <Bodies content={operation.requestBody.content} />
        </>
      )}
      <h4>Answers</h4>
      <dl>
        {Object.entries(operation.responses).map(([status, given]) => {
          const response = follow(openapi, given);
          return (
            <>
              <dt>{status}</dt>
              <dd>
                {response.description}
                {response.content !== undefined && <Bodies content={response.content} />}
              </dd>
            </>
          );
        })}
      </dl>
      <Example entry={entry} />
    </div>
  );
}

function Route({ entry }: { entry: Entry }) {
  const id = entry.operation.operationId;
  const [isOpen, setOpen] = useState(location.hash === `#${id}`);
  return (
    <section class="route" id={id}>
      <h3>
        <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <span class={`method ${entry.method.toLowerCase()}`}>{entry.method}</span>
          <span class="path">{entry.path}</span>
          <span class="summary">{entry.operation.summary}</span>
        </button>
      </h3>
      {isOpen && <Details entry={entry} />}
    </section>
  );
}

function SchemaCard({ name, schema }: { name: string; schema: Schema }) {
  return (
    <section class="schema" id={`schema-${name}`} tabIndex={-1}>
      <h3>{name}</h3>
      {schema.description !== undefined && <Prose text={schema.description} />}
      {membersOf(openapi, schema).length === 0 ? <p class="type">{words(schema)}</p> : <Members schema={schema} />}
    </section>
  );
}

function Part({ id, title, text, children }: { id: string; title: string; text?: string; children: ComponentChildren }) {
  return (
    <section class="part" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {text !== undefined && <p>{text}</p>}
      {children}
    </section>
  );
}

function Page() {
  const schemas = Object.entries(openapi.components["schemas"] as Record<string, Schema>);
  return (
    <>
      <a class="skip" href="#content">To the routes</a>
      <header>
        <h1>The HTTP API</h1>
        <p><a href="/">Dashboard</a> · <a href="/openapi.yaml">openapi.yaml</a></p>
      </header>
      <nav aria-label="Parts">
        <ul>
          {openapi.tags.map((tag) => <li><a href={`#tag-${tag.name}`}>{tag.name}</a></li>)}
          <li><a href="#schemas">schemas</a></li>
        </ul>
      </nav>
      <main id="content" tabIndex={-1}>
        <Prose text={openapi.info.description} />
        {openapi.tags.map((tag) => (
          <Part id={`tag-${tag.name}`} title={tag.name} text={tag.description}>
            {entriesOf(openapi, tag.name).map((entry) => <Route entry={entry} key={entry.operation.operationId} />)}
          </Part>
        ))}
        <Part id="schemas" title="schemas">
          {schemas.map(([name, schema]) => <SchemaCard name={name} schema={schema} />)}
        </Part>
      </main>
    </>
  );
}

render(<Page />, document.getElementById("app")!);
// The page is made by now, so that what the address names is there to be gone to.
if (location.hash !== "") {
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}
