// tests/clients/notion-passes.mjs - what our own connectors ask of Notion, in passes of the real program:
// every body must be one that the official client's types allow. Imported by notion.test.mjs.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, test} from 'node:test';
import {fake} from './clients.mjs';
import {check} from './notion-bodies.mjs';

const {url, side} = await fake('notion', '--now', '2026-03-01T10:00:00Z');
const folder = mkdtempSync(path.join(tmpdir(), 'notion-passes-'));

after(() => rmSync(folder, {recursive: true}));

const bases = async () => Object.fromEntries(
    (await side('GET', '/state')).databases.map((base) => [base.title, base]));
const {Everything: everything, Repositories: repositories} = await bases();

// Every block that we make, with every look that text can have, and more of them than a request takes.
const MARKDOWN = `# One
## Two
### Three

**bold** *italic* \`code\` ~~gone~~ [a link](https://example.org/a)

- one
  - two
    - three
1. first
   1. within
- [x] done
- [ ] open

> quoted

\`\`\`c
int x;
\`\`\`

| a | b |
|---|---|
| **1** | 2 |

---
![shown](https://example.org/i.png)

${Array.from({length: 250}, (_, i) => `line ${i}\n`).join('\n')}
${'x'.repeat(5000)}
`;
const BLOCKS = ['heading_1', 'heading_2', 'heading_3', 'paragraph', 'bulleted_list_item',
                'numbered_list_item', 'to_do', 'quote', 'code', 'table', 'table_row', 'divider', 'image'];
const TYPES = ['title', 'rich_text', 'number', 'select', 'multi_select', 'status', 'date', 'people',
               'files', 'checkbox', 'url', 'email', 'phone_number', 'relation', 'place'];
const FIELDS = `{Text: text, Number: number, Select: select, Multi: multi, Status: status, Date: date,
      People: people, Files: files, Check: check, URL: url, Email: email, Phone: phone, Relation: relation,
      Place: place, Note: note}`;

// A program run in the folder; it must leave with `code`.
function run(code, ...args) {
    const done = spawnSync(process.env.DURABLE_SYNC_PROGRAM, args, {
        cwd: folder, encoding: 'utf8',
        env: {...process.env, NOTION_TOKEN: 'ntn_x', DURABLE_SYNC_CONFIG: ''}});

    assert.equal(done.status, code, `${args.join(' ')}\n${done.stdout}${done.stderr}`);
    return done.stdout;
}

// A store of its own each: nothing is known of what was there before.
let stores = 0;

function configure(...routes) {
    writeFileSync(path.join(folder, 'durable-sync.yaml'),
                  `store: sqlite:${++stores}.db\nroutes:\n${routes.join('\n')}\n`);
}

function route(name, source, destination, ...more) {
    const at = `base_url: "${url}"`;

    return [`  ${name}:`, `    source: {${source.replace('kind: notion', `kind: notion, ${at}`)}}`,
            `    destination: {${destination.replace('kind: notion', `kind: notion, ${at}`)}}`,
            ...more.map((line) => `    ${line}`)].join('\n');
}

function records(...rows) {
    writeFileSync(path.join(folder, 'in.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

const FILE = 'kind: file, path: in.jsonl, key: id';

// What a pass asked: nothing that the client would not, and something at all.
async function asked(least) {
    const log = await side('GET', '/log');
    const {checked, complaints} = check(log);

    assert.deepEqual(complaints, []);
    assert.ok(checked >= least, `only ${checked} bodies`);
    await side('POST', '/log', {bodies: true}); // the next ones by themselves
    return log.filter((entry) => entry.body).map((entry) => entry.body).join('\n');
}

await side('POST', '/log', {bodies: true});

async function everyType(version, table) {
    const page = (await side('GET', '/rows?source=Everything')).rows[0].id;
    const person = (await (await fetch(`${url}/v1/users`, {headers: {
        Authorization: 'Bearer ntn_x', 'Notion-Version': version}})).json()).results[1].id;
    const whole = {id: `whole ${version}`, text: 'long '.repeat(1000), number: 1.5, select: 'one',
                   multi: ['a', 'new'], status: 'Done', date: '2026-01-02T03:04:05Z', people: [person],
                   files: ['https://example.org/a.pdf'], check: true, url: 'https://example.org',
                   email: 'a@example.org', phone: '+49 1', relation: [page],
                   place: {lat: 1.5, lon: -2, name: 'there'}, note: 'n'};
    const empty = Object.fromEntries(Object.keys(whole).map((name) => [name, null]));

    configure(route('r', FILE, `kind: notion, ${table}, key: Title, version: "${version}"`,
                    'missing: archive', `fields: ${FIELDS}`));
    run(0, 'schema', 'r', '--create');
    records(whole, {...whole, id: 'second', date: '2026-01-02/2026-01-05'});
    run(0, 'once');
    await side('POST', '/trash', {page: (await side('GET', '/rows?source=Everything')).rows
        .find((row) => row.properties.Title === whole.id).id});
    records({...empty, id: whole.id});
    run(0, 'once');
    const text = await asked(8);
    for (const type of TYPES) assert.match(text, new RegExp(`"${type}":`), type);
    for (const word of ['"in_trash":true', '"in_trash":false', '"filter":'])
        assert.ok(text.includes(word), word);
}

test('passes: every type of column, null, the trash, a column that is made', async () => {
    await everyType('2025-09-03', `data_source: ${everything.data_sources[0].id}`);
});

test('passes: the same with 2026-03-11', async () => {
    await side('POST', '/columns', {source: 'Everything', properties: {Note: null}});
    await everyType('2026-03-11', `data_source: ${everything.data_sources[0].id}`);
});

test('passes: the same with 2022-06-28', async () => {
    await side('POST', '/columns', {source: 'Everything', properties: {Note: null}});
    await everyType('2022-06-28', `database: ${everything.id}`);
});

test('passes: every type of block, made, written anew, and behind one another', async () => {
    configure(route('r', FILE, `kind: notion, data_source: ${repositories.data_sources[0].id}, key: Repo ID, `
                    + 'body: replace', "transform: '.body = .properties.md | del(.properties.md)'"));
    for (const more of ['', 'more\n']) {
        records({id: 'a', Name: 'a', md: MARKDOWN + more});
        run(0, 'once');
    }
    const text = await asked(6);
    for (const block of BLOCKS) assert.match(text, new RegExp(`"${block}":`), block);
    for (const word of ['"children":', '"erase_content":true', '"bold":true', '"italic":true',
                        '"strikethrough":true', '"code":true', '"link":'])
        assert.ok(text.includes(word), word);
});

test('passes: a database that is made', async () => {
    const home = (await (await fetch(`${url}/v1/databases/${repositories.id}`, {headers: {
        Authorization: 'Bearer ntn_x', 'Notion-Version': '2025-09-03'}})).json()).parent.page_id;

    for (const version of ['2025-09-03', '2022-06-28']) {
        configure(route('r', FILE, `kind: notion, parent: ${home}, key: Key, version: "${version}"`,
                        'fields: {Name: name, Stars: {from: n, as: number}, On: {from: d, as: date}, '
                        + 'Tags: {from: t, split: ","}, Done: {value: true}}'));
        run(0, 'schema', 'r', '--create');
        assert.match(await asked(1), /"multi_select":/);
    }
});

test('passes: what a source asks, past the cap, by key, by changes', async () => {
    const source = `kind: notion, data_source: ${repositories.data_sources[0].id}`;

    for (let i = 0; i < 30; i++) {
        await side('POST', '/add', {source: 'Repositories', properties: {
            'Repo ID': {rich_text: [{text: {content: `k${i}`}}]}, Stars: {number: 1000 + i}}});
        if (i % 6 === 5) await side('POST', '/clock', {advance: '60s'});
    }
    for (const [name, key, items, more] of [['byText', 'Repo ID', 'k1,k2,none', ', body: true'],
                                            ['byNumber', 'Stars', '1001,x', '']]) {
        configure(route('r', `${source}, key: ${key}${more}`,
                        `kind: sqlite, path: ${name}.db, table: t, key: key, create_table: true`,
                        'where: {URL: null}', 'fields: {Stars: Stars, Name: Name}'));
        run(name === 'byText' ? 0 : 4, 'once'); // one row has no number
        run(0, 'once', '--items', items, 'r');
        await side('POST', '/settings', {cap: 10});
    }
    const text = await asked(8);
    for (const word of ['"start_cursor":', '"on_or_after":', '"sorts":', '"rich_text":{"equals"', '"number":{"equals"'])
        assert.ok(text.includes(word), word);
});
