// tests/clients/notion-bodies.mjs - what was asked of the stand-in against the client's own types.
//
//     node tests/clients/notion-bodies.mjs http://127.0.0.1:4711     reads /_fake/log
//     node tests/clients/notion-bodies.mjs log.json                  or a file with the same in it
//
// Bodies must have been kept: POST /_fake/log {'bodies': true} before. Prints one line for each body
// that the client would not have sent; the exit code is 1 then, 2 when there was nothing to look at.
import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {validator} from './notion-schemas.mjs';

// Paths of version 2022-06-28 are asked as what became of them: a database was its only table.
const routes = [
    ['POST', /^\/v1\/pages$/, 'CreatePageParameters'],
    ['PATCH', /^\/v1\/pages\/([^/]+)$/, 'UpdatePageParameters', 'page_id'],
    ['POST', /^\/v1\/data_sources\/([^/]+)\/query$/, 'QueryDataSourceParameters', 'data_source_id'],
    ['POST', /^\/v1\/databases\/([^/]+)\/query$/, 'QueryDataSourceParameters', 'data_source_id'],
    ['POST', /^\/v1\/data_sources$/, 'CreateDataSourceParameters'],
    ['PATCH', /^\/v1\/data_sources\/([^/]+)$/, 'UpdateDataSourceParameters', 'data_source_id'],
    ['POST', /^\/v1\/databases$/, 'CreateDatabaseParameters'],
    ['PATCH', /^\/v1\/databases\/([^/]+)$/, 'UpdateDatabaseParameters', 'database_id'],
    ['PATCH', /^\/v1\/blocks\/([^/]+)\/children$/, 'AppendBlockChildrenParameters', 'block_id'],
    ['PATCH', /^\/v1\/blocks\/([^/]+)$/, 'UpdateBlockParameters', 'block_id'],
    ['POST', /^\/v1\/search$/, 'SearchParameters'],
];

// A database of the old version has its columns in it, and is what a search finds: both are checked as
// what they are now.
function modern(type, value) {
    if (type === 'SearchParameters' && value.filter?.value === 'database')
        return [type, {...value, filter: {...value.filter, value: 'data_source'}}];
    if (!('properties' in value)) return [type, value];
    if (type === 'CreateDatabaseParameters') {
        const {properties, ...rest} = value;
        return [type, {...rest, initial_data_source: {properties}}];
    }
    if (type === 'UpdateDatabaseParameters')
        return ['UpdateDataSourceParameters',
                {data_source_id: value.database_id, properties: value.properties}];
    return [type, value];
}

function complaint(entry) {
    const route = routes.find(([method, path]) => method === entry.method && path.test(entry.path));
    let body;

    if (!route) return `${entry.method} ${entry.path}: no such body is known`;
    try {
        body = JSON.parse(entry.body);
    } catch (error) {
        return `${entry.method} ${entry.path}: ${error.message}`;
    }
    const [, path, name, parameter] = route;
    const named = parameter ? {...body, [parameter]: path.exec(entry.path)[1]} : body;
    const [type, value] = modern(name, named);
    const wrong = validator(type)(value);

    return wrong && `${entry.method} ${entry.path}: ${wrong}`;
}

// The entries of a log that have a body: what is wrong with each of them, and how many there were.
export function check(log) {
    const entries = log.filter((entry) => entry.body && entry.path.startsWith('/v1/'));

    return {checked: entries.length, complaints: entries.map(complaint).filter(Boolean)};
}

async function main(from) {
    const log = from.startsWith('http')
        ? await (await fetch(`${from}/_fake/log`)).json()
        : JSON.parse(await readFile(from, 'utf8'));
    const {checked, complaints} = check(log);

    for (const line of complaints) console.log(line);
    console.error(`${checked} bodies, ${complaints.length} of them wrong`);
    return complaints.length ? 1 : checked ? 0 : 2;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv[2]);
