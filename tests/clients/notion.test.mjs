// tests/clients/notion.test.mjs - Notion's official client drives the stand-in, in both versions. The
// answers must have the client's own types, and so must the bodies that it sends.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
    APIErrorCode, Client, collectAllDataSourceRows, collectPaginatedAPI, isFullDataSource, isFullPage,
} from '@notionhq/client';
import {fake} from './clients.mjs';
import {check} from './notion-bodies.mjs';
import {validator} from './notion-schemas.mjs';

const {url, side: door} = await fake('notion', '--seed', 'rows=25', '--now', '2026-03-01T10:00:00Z');
const side = (path, body) => door(body ? 'POST' : 'GET', `/${path}`, body);
const client = (notionVersion, more = {}) => new Client({
    auth: 'ntn_anything', baseUrl: url, logLevel: 'error', retry: {maxRetries: 0}, notionVersion, ...more});
const notion = client('2025-09-03');
const old = client('2022-06-28');
const bases = async () => Object.fromEntries(
    (await side('state')).databases.map((base) => [base.title, base]));

await side('log', {bodies: true});
const {Repositories: {id: database, data_sources: [{id: source}]}} = await bases();
const home = (await notion.search({query: 'Home'})).results[0].id;

const text = (content) => [{text: {content}}];

// The answer is what the client's types say, to the last member. Only what Notion's reference has and
// the types have not is taken away before: the request's id, and whether a relation is cut.
function typed(type, answer) {
    const {request_id, ...copy} = structuredClone(answer);

    for (const property of Object.values(copy.properties ?? {})) delete property.has_more;
    assert.equal(validator(type)(copy), null, `${type} ${answer.type ?? ''}`);
    return answer;
}

test('who I am, who else is there', async () => {
    const me = typed('UserObjectResponse', await notion.users.me({}));
    assert.equal(me.type, 'bot');
    assert.equal(me.bot.workspace_name, 'Acme');
    const people = typed('ListUsersResponse', await notion.users.list({}));
    assert.deepEqual(people.results.map((user) => user.type), ['bot', 'person', 'person']);
    typed('UserObjectResponse', await notion.users.retrieve({user_id: people.results[1].id}));
    await side('settings', {users: false});
    await assert.rejects(notion.users.list({}), {code: APIErrorCode.RestrictedResource});
    await side('settings', {users: true});
});

test('a database, its data source, its columns', async () => {
    const base = typed('DatabaseObjectResponse', await notion.databases.retrieve({database_id: database}));
    assert.deepEqual(base.data_sources, [{id: source, name: 'Repositories'}]);
    const table = typed('DataSourceObjectResponse',
                        await notion.dataSources.retrieve({data_source_id: source}));
    assert.ok(isFullDataSource(table));
    assert.equal(table.properties.Name.id, 'title');
    assert.deepEqual(table.properties.State.status.groups.map((group) => group.name),
                     ['To-do', 'In progress', 'Complete']);
});

test('every type of column and value', async () => {
    const {Everything: all} = await bases();
    const id = all.data_sources[0].id;
    const people = (await notion.users.list({})).results;
    const rows = (await notion.dataSources.query({data_source_id: id})).results;
    const table = await notion.dataSources.retrieve({data_source_id: id});
    assert.deepEqual(table.properties.Place.place, {});
    delete table.properties.Place; // a type that the client can ask for and not be answered
    typed('DataSourceObjectResponse', table);
    const page = typed('PageObjectResponse', await notion.pages.create({
        parent: {data_source_id: id},
        icon: {emoji: '🚀'},
        cover: {external: {url: 'https://example.org/cover.png'}},
        properties: {
            Title: {title: text('whole')},
            Text: {rich_text: [{text: {content: 'see ', link: {url: 'https://example.org'}},
                                  annotations: {bold: true, color: 'red'}},
                                {mention: {page: {id: rows[0].id}}},
                                {mention: {user: {id: people[1].id}}},
                                {mention: {date: {start: '2026-01-31'}}},
                                {equation: {expression: 'x^2'}}]},
            Number: {number: -1.5},
            Select: {select: {name: 'three'}},
            Multi: {multi_select: [{name: 'a'}, {name: 'c'}]},
            Status: {status: {name: 'In progress'}},
            Date: {date: {start: '2026-01-31T10:00:00Z', end: '2026-02-01T10:00:00Z'}},
            People: {people: [{id: people[1].id}]},
            Files: {files: [{name: 'f', external: {url: 'https://example.org/f'}}]},
            Check: {checkbox: true},
            URL: {url: 'https://example.org'},
            Email: {email: 'a@example.org'},
            Phone: {phone_number: '+1 2'},
            Relation: {relation: [{id: rows[0].id}]},
            Place: {place: {lat: 1.5, lon: 2}},
        },
    }));
    assert.ok(isFullPage(page));
    assert.equal(page.properties.Text.rich_text.map((item) => item.plain_text).join(''),
                 'see thing 2@First Person2026-01-31x^2');
    assert.equal(page.properties.Select.select.name, 'three');
    assert.equal(page.properties.No.unique_id.number, 3);
    assert.equal(page.properties.Date.date.start, '2026-01-31T10:00:00.000+00:00');
    assert.equal(page.parent.database_id, all.id);
    const cleared = await notion.pages.update({
        page_id: page.id,
        properties: {Text: {rich_text: []}, Number: {number: null}, Select: {select: null},
                      Date: {date: null}, URL: {url: null}, Relation: {relation: []}},
    });
    assert.deepEqual(cleared.properties.Text.rich_text, []);
    assert.equal(cleared.properties.Date.date, null);
    assert.equal(cleared.properties.Check.checkbox, true);
    for (const [name, property] of Object.entries(cleared.properties)) {
        const item = await notion.pages.properties.retrieve({page_id: page.id,
                                                              property_id: property.id});
        assert.equal(item.object === 'list' ? item.property_item.type : item.type, property.type, name);
    }
});

test('a long relation is cut in the page and whole in its property', async () => {
    const {Everything: all} = await bases();
    const rows = await collectPaginatedAPI(notion.dataSources.query, {data_source_id: source});
    const page = await notion.pages.create({
        parent: {data_source_id: all.data_sources[0].id},
        properties: {Relation: {relation: [...rows, ...rows].map((row) => ({id: row.id}))}},
    });
    assert.equal(page.properties.Relation.relation.length, 25);
    assert.equal(page.properties.Relation.has_more, true);
    const id = page.properties.Relation.id;
    const items = await collectPaginatedAPI(notion.pages.properties.retrieve,
                                            {page_id: page.id, property_id: id, page_size: 20});
    assert.equal(items.length, rows.length * 2);
});

test('a row made, found by its key whatever the case, changed, thrown away, taken back', async () => {
    const key = (value) => ({property: 'Repo ID', rich_text: {equals: value}});
    const made = await notion.pages.create({
        parent: {data_source_id: source},
        properties: {Name: {title: text('new')}, 'Repo ID': {rich_text: text('Key-1')}},
    });
    const found = typed('QueryDataSourceResponse', await notion.dataSources.query({
        data_source_id: source, filter: {or: [key('key-1'), key('nobody')]},
    }));
    assert.deepEqual(found.results.map((row) => row.id), [made.id]);
    assert.deepEqual(found.request_status, {type: 'complete'});
    const id = found.results[0].properties.Stars.id;
    const few = await notion.dataSources.query({data_source_id: source, filter: key('key-1'),
                                                 filter_properties: [id]});
    assert.deepEqual(Object.keys(few.results[0].properties), ['Stars']);
    const changed = await notion.pages.update({page_id: made.id.replaceAll('-', ''),
                                                properties: {[id]: {number: 7}}});
    assert.equal(changed.properties.Stars.number, 7);
    const away = await notion.pages.update({page_id: made.id, in_trash: true});
    assert.equal(away.in_trash, true);
    await assert.rejects(notion.pages.update({page_id: made.id, properties: {Stars: {number: 8}}}),
                         {code: APIErrorCode.ValidationError, message: /archived/});
    assert.equal((await notion.dataSources.query({data_source_id: source, filter: key('Key-1')}))
                     .results.length, 0);
    assert.equal((await notion.dataSources.query({data_source_id: source, filter: key('Key-1'),
                                                   in_trash: true})).results.length, 1);
    await notion.pages.update({page_id: made.id, in_trash: false, properties: {Stars: {number: 9}}});
    assert.equal((await notion.pages.retrieve({page_id: made.id})).properties.Stars.number, 9);
});

test('times have no seconds', async () => {
    const page = await notion.pages.create({parent: {data_source_id: source}, properties: {}});
    assert.match(page.created_time, /:00\.000Z$/);
    assert.match(page.last_edited_time, /:00\.000Z$/);
});

test('a scan past the cap, as the client does it', async () => {
    await side('settings', {cap: 15});
    const first = await notion.dataSources.query({data_source_id: source, page_size: 20});
    assert.equal(first.has_more, false); // and that is not all
    assert.deepEqual(first.request_status,
                     {type: 'incomplete', incomplete_reason: 'query_result_limit_reached'});
    const rows = await collectAllDataSourceRows(notion, {data_source_id: source, page_size: 5});
    await side('settings', {cap: 10000});
    const all = (await side('rows')).rows;
    assert.deepEqual(rows.map((row) => row.id).sort(), all.map((row) => row.id).sort());
});

test('blocks: made, listed by pages, changed, put between, deleted', async () => {
    const paragraph = (content) => ({paragraph: {rich_text: text(content)}});
    const page = await notion.pages.create({
        parent: {page_id: home},
        properties: {title: {title: text('notes')}},
        children: [{heading_2: {rich_text: text('head'), is_toggleable: true,
                                  children: [paragraph('inside')]}},
                   {code: {language: 'c', rich_text: text('int x;')}},
                   {table: {table_width: 2, children: [
                       {table_row: {cells: [text('a'), text('b')]}}]}},
                   {image: {external: {url: 'https://example.org/i.png'}}},
                   {to_do: {rich_text: text('do'), checked: true}},
                   {divider: {}}],
    });
    const all = typed('ListBlockChildrenResponse',
                      await notion.blocks.children.list({block_id: page.id}));
    assert.deepEqual(all.results.map((block) => block.type),
                     ['heading_2', 'code', 'table', 'image', 'to_do', 'divider']);
    assert.equal(all.results[0].has_children, true);
    const inside = await notion.blocks.children.list({block_id: all.results[0].id});
    assert.equal(inside.results[0].paragraph.rich_text[0].plain_text, 'inside');
    const more = typed('AppendBlockChildrenResponse', await notion.blocks.children.append({
        block_id: page.id, after: all.results[0].id, children: [paragraph('one'), paragraph('two')]}));
    assert.equal(more.results.length, 2);
    const changed = await notion.blocks.update({block_id: more.results[0].id,
                                                 paragraph: {rich_text: text('1')}});
    assert.equal(changed.paragraph.rich_text[0].plain_text, '1');
    await notion.blocks.delete({block_id: more.results[1].id});
    const blocks = await collectPaginatedAPI(notion.blocks.children.list,
                                             {block_id: page.id, page_size: 2});
    assert.deepEqual(blocks.map((block) => block.type),
                     ['heading_2', 'paragraph', 'code', 'table', 'image', 'to_do', 'divider']);
    const itself = await notion.blocks.retrieve({block_id: page.id});
    assert.equal(itself.child_page.title, 'notes');
    await assert.rejects(notion.blocks.children.append({
        block_id: page.id, children: Array(101).fill({divider: {}})}),
                         {code: APIErrorCode.ValidationError, message: /≤ `100`, instead was `101`/});
});

test('every type of block', async () => {
    const url = 'https://example.org/x';
    const file = {external: {url}};
    const said = {rich_text: text('said')};
    const children = [
        {paragraph: said}, {heading_1: said}, {heading_2: said}, {heading_3: said}, {heading_4: said},
        {bulleted_list_item: {...said, children: [{numbered_list_item: said}]}}, {numbered_list_item: said},
        {quote: said}, {to_do: said}, {toggle: said}, {callout: {...said, icon: {emoji: '💡'}}},
        {template: said}, {code: {...said, language: 'c'}}, {equation: {expression: 'x'}}, {divider: {}},
        {breadcrumb: {}}, {table_of_contents: {}}, {embed: {url}}, {bookmark: {url, caption: text('c')}},
        {image: file}, {video: file}, {pdf: file}, {audio: file}, {file: {...file, name: 'n'}},
        {link_to_page: {page_id: home}}, {synced_block: {synced_from: null, children: [{paragraph: said}]}},
        {table: {table_width: 1, children: [{table_row: {cells: [text('a')]}}]}},
        {column_list: {children: [{column: {children: [{paragraph: said}]}},
                                  {column: {children: [{paragraph: said}]}}]}},
    ];
    const page = await notion.pages.create({
        parent: {page_id: home}, properties: {title: {title: text('blocks')}}, children});
    const blocks = await collectPaginatedAPI(notion.blocks.children.list, {block_id: page.id});
    assert.deepEqual(blocks.map((block) => block.type), children.map((block) => Object.keys(block)[0]));
    for (const block of blocks) {
        typed('BlockObjectResponse', block);
        if (block.has_children)
            for (const inside of (await notion.blocks.children.list({block_id: block.id})).results)
                typed('BlockObjectResponse', inside);
    }
});

test('a database made, a column added, renamed, dropped', async () => {
    const base = typed('DatabaseObjectResponse', await notion.databases.create({
        parent: {type: 'page_id', page_id: home}, title: text('Made'),
        initial_data_source: {properties: {Name: {title: {}}, Key: {rich_text: {}},
                                             State: {status: {}}}},
    }));
    const id = base.data_sources[0].id;
    const table = await notion.dataSources.update({
        data_source_id: id,
        properties: {Key: {name: 'Repo ID'}, Stars: {number: {format: 'number'}}, State: null},
    });
    assert.deepEqual(Object.keys(table.properties), ['Name', 'Repo ID', 'Stars']);
    const second = typed('DataSourceObjectResponse', await notion.dataSources.create({
        parent: {database_id: base.id}, title: text('Second'), properties: {Name: {title: {}}}}));
    assert.equal(second.parent.database_id, base.id);
    await assert.rejects(notion.pages.create({parent: {database_id: base.id}, properties: {}}),
                         {code: APIErrorCode.ValidationError, message: /multiple data sources/});
    const renamed = await notion.databases.update({database_id: base.id, title: text('Other')});
    assert.equal(renamed.title[0].plain_text, 'Other');
});

test('what is not shared is not found', async () => {
    const {Secrets: secret} = await bases();
    const missing = {status: 404, code: APIErrorCode.ObjectNotFound};
    await assert.rejects(notion.databases.retrieve({database_id: secret.id}), missing);
    await assert.rejects(notion.dataSources.query({data_source_id: secret.data_sources[0].id}), missing);
    const found = await notion.search({query: 'Secrets'});
    assert.equal(found.results.length, 0);
});

test('errors by their codes', async () => {
    const refused = (promise, status, code, message) =>
        assert.rejects(promise, (error) => {
            assert.equal(error.status, status);
            assert.equal(error.code, code);
            assert.match(error.message, message);
            return true;
        });
    const create = (properties) => notion.pages.create({parent: {data_source_id: source}, properties});
    await refused(create({Nope: {number: 1}}), 400, 'validation_error', /Nope is not a property/);
    await refused(create({Stars: {rich_text: []}}), 400, 'validation_error', /expected to be number/);
    await refused(create({Name: {title: text('x'.repeat(2001))}}), 400, 'validation_error',
                  /≤ `2000`, instead was `2001`/);
    await refused(create({Language: {select: {name: 'a,b'}}}), 400, 'validation_error', /commas/);
    await refused(create({State: {status: {name: 'No'}}}), 400, 'validation_error', /status/);
    await refused(create({Description: {rich_text: Array(99).fill({text: {content: 'x'.repeat(2000)}})
        .concat({text: {content: 'x', link: {url: 'u'.repeat(2001)}}})}}), 400, 'validation_error',
                  /link.url.length should be ≤ `2000`/);
    await refused(notion.pages.retrieve({page_id: 'not-an-id'}), 400, 'validation_error', /valid uuid/);
    await refused(client('2025-09-03', {auth: 'wrong'}).users.me({}), 401,
                  'unauthorized', /token is invalid/);
    await refused(client('2020-01-01').users.me({}), 400, 'validation_error',
                  /Notion-Version/);
    const bare = await fetch(`${url}/v1/users/me`, {headers: {authorization: 'Bearer ntn_x'}});
    assert.equal((await bare.json()).code, 'missing_version');
    const large = await fetch(`${url}/v1/search`, {
        method: 'POST', body: JSON.stringify({query: 'x'.repeat(500000)}),
        headers: {authorization: 'Bearer ntn_x', 'notion-version': '2025-09-03',
                   'content-type': 'application/json'}});
    assert.equal(large.status, 413);
});

test('the client waits and asks again when it is limited, not otherwise', async () => {
    const limited = client('2025-09-03', {retry: {maxRetries: 2, initialRetryDelayMs: 1, maxRetryDelayMs: 1}});
    await side('faults', {rules: ['GET /v1/users/me at=1 status=429 retry-after=0',
                                   'GET /v1/users/me at=2 status=529 retry-after=0',
                                   'POST /v1/search at=1 status=503', 'POST /v1/search at=2 status=409']});
    assert.equal((await limited.users.me({})).type, 'bot');
    await assert.rejects(limited.search({}), {status: 503, code: 'service_unavailable'});
    await assert.rejects(limited.search({}), {status: 409, code: 'conflict_error'});
    await side('faults', {rules: []});
});

test('2022-06-28: a database is the table', async () => {
    const ask = (method, path, body) => old.request({method, path, body});
    const base = await ask('get', `databases/${database}`);
    assert.equal(base.properties.Stars.type, 'number');
    assert.equal('data_sources' in base, false);
    const made = await ask('post', 'pages', {
        parent: {database_id: database}, properties: {Name: {title: text('of old')}}});
    assert.deepEqual(made.parent, {type: 'database_id', database_id: database});
    const found = await ask('post', `databases/${database}/query`,
                            {filter: {property: 'Name', title: {equals: 'OF OLD'}}});
    assert.equal(found.type, 'page_or_database');
    assert.deepEqual(found.results.map((row) => row.id), [made.id]);
    const table = await ask('post', 'databases', {
        parent: {type: 'page_id', page_id: home}, title: text('Old'),
        properties: {Name: {title: {}}, Key: {rich_text: {}}}});
    const changed = await ask('patch', `databases/${table.id}`, {properties: {Key: {name: 'Id'}}});
    assert.deepEqual(Object.keys(changed.properties), ['Name', 'Id']);
    const tables = await ask('post', 'search', {filter: {property: 'object', value: 'database'}});
    assert.ok(tables.results.every((one) => one.object === 'database'));
    const {'Two sources': two} = await bases();
    await assert.rejects(ask('post', `databases/${two.id}/query`, {}), {code: 'validation_error'});
    await assert.rejects(ask('get', `data_sources/${source}`), {code: 'invalid_request_url'});
    await assert.rejects(notion.request({method: 'post', path: `databases/${database}/query`}),
                         {code: 'invalid_request_url'});
});

test("by a person's hand", async () => {
    const {id} = await side('add', {properties: {Name: {title: text('by hand')}}});
    await side('edit', {title: 'by hand', properties: {Stars: {number: 4}}});
    await side('columns', {properties: {Mine: {rich_text: {}}, Stars: {name: 'Likes'}}});
    const page = await notion.pages.retrieve({page_id: id});
    assert.equal(page.properties.Likes.number, 4);
    assert.deepEqual(page.properties.Mine.rich_text, []);
    await side('columns', {properties: {Likes: {name: 'Stars'}}});
    await side('trash', {page: id});
    assert.equal((await notion.pages.retrieve({page_id: id})).in_trash, true);
});

test("every body that the client sent has the client's types", async () => {
    const {checked, complaints} = check(await side('log'));
    assert.deepEqual(complaints, []);
    assert.ok(checked > 20, `only ${checked} bodies were kept`);
});

test('and a body that no client would send is found out', () => {
    const entry = (method, path, body) => ({method, path, body: JSON.stringify(body)});
    const wrong = [
        entry('POST', '/v1/pages', {parent: {page_id: 5}, properties: {}}),
        entry('POST', '/v1/pages', {properties: {Name: {title: 'text'}}}),
        entry('POST', '/v1/data_sources/x/query', {filter: {property: 'A', number: {equals: '5'}}}),
        entry('PATCH', '/v1/pages/x', {propertys: {}}),
        entry('PATCH', '/v1/blocks/x/children', {children: [{paragraph: {}}]}),
        {method: 'POST', path: '/v1/pages', body: '{'},
        entry('POST', '/v1/nothing', {}),
    ];
    assert.equal(check(wrong).complaints.length, wrong.length);
});

await import('./notion-passes.mjs'); // our own connectors, held against the same types
