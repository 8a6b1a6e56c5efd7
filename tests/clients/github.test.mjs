// The stand-in of GitHub driven by @octokit/rest and @octokit/graphql; every answer is held against
// what GitHub publishes of its API.
import assert from 'node:assert';
import {test} from 'node:test';
import {GraphqlResponseError, graphql} from '@octokit/graphql';
import {Octokit} from '@octokit/rest';
import {fake} from './clients.mjs';
import * as openapi from './openapi.mjs';
import * as schema from './schema.mjs';

const {url, side} = await fake('github', '--seed', 'rows=130,private=10,issues=35,pulls=4,releases=3',
    '--limit', 'minute=0');
const quiet = {debug() {}, info() {}, warn() {}, error() {}};
let answers = 0;

// A client whose every answer is checked.
function client(auth, more = {}) {
    const octokit = new Octokit({auth, baseUrl: url, log: quiet, userAgent: 'test', ...more});

    octokit.hook.wrap('request', async (request, options) => {
        const raw = options.mediaType?.format === 'raw';
        try {
            const reply = await request(options);
            if (!raw)
                openapi.conforms(openapi.templateOf(reply.url), reply.status, reply.data);
            answers++;
            return reply;
        } catch (error) {
            if (error.response?.data?.message)
                assert.strictEqual(typeof error.response.data.documentation_url, 'string');
            throw error;
        }
    });
    return octokit;
}

const octokit = client('t');
const anyone = client(undefined);
const org = 'acme';
const repos = await octokit.paginate(octokit.repos.listForOrg, {org, per_page: 100});
const where = (fits) => {
    const {owner, name: repo} = repos.find(fits);
    return {owner: owner.login, repo};
};
const live = where((repo) => repo.size > 0 && !repo.private);

async function refused(promise, status) {
    await assert.rejects(promise, (error) => {
        assert.strictEqual(error.status, status, String(error));
        return true;
    });
}

test('an organisation is listed page by page', async () => {
    assert.strictEqual(new Set(repos.map((repo) => repo.id)).size, 130);
    const small = await octokit.paginate(octokit.repos.listForOrg, {org, per_page: 7, sort: 'full_name'});
    assert.strictEqual(small.length, 130);
    assert.strictEqual((await octokit.paginate(octokit.repos.listForOrg, {org, type: 'private'})).length,
        repos.filter((repo) => repo.private).length);
});

test('repositories of users, and those of who asks', async () => {
    const {data: hers} = await octokit.repos.listForUser({username: 'ada'});
    assert.deepStrictEqual(new Set(hers.map((repo) => repo.owner.login)), new Set(['ada']));
    const mine = await octokit.paginate(octokit.repos.listForAuthenticatedUser, {per_page: 100});
    assert.ok(mine.length > 130);
    const since = mine.map((repo) => repo.updated_at).sort().at(-5);
    const late = await octokit.paginate(octokit.repos.listForAuthenticatedUser, {since});
    assert.ok(late.length >= 5 && late.every((repo) => repo.updated_at >= since));
    const app = client('ghs_app');
    assert.strictEqual((await app.paginate(app.apps.listReposAccessibleToInstallation)).length, 130);
});

test('one repository and what is in it', async () => {
    const {data: repo} = await octokit.repos.get(live);
    assert.strictEqual(repo.full_name, `${live.owner}/${live.repo}`);
    const withReadme = [];
    for (const {name} of repos.slice(0, 40)) {
        const at = {owner: org, repo: name};
        const readme = await octokit.repos.getReadme(at).catch((error) => {
            assert.strictEqual(error.status, 404);
        });
        const {data: languages} = await octokit.repos.listLanguages(at);
        const people = await octokit.repos.listContributors({...at, anon: 'true'});
        assert.ok(people.status === 204 || people.data.length > 0);
        assert.strictEqual(Object.keys(languages).length > 0, people.status === 200);
        if (readme)
            withReadme.push([at, readme.data]);
    }
    const [at, readme] = withReadme[0];
    const raw = await octokit.repos.getReadme({...at, mediaType: {format: 'raw'}});
    assert.strictEqual(Buffer.from(readme.content, 'base64').toString(), raw.data);
});

test('issues, pull requests and releases', async () => {
    const issues = await octokit.paginate(octokit.issues.listForRepo, {...live, state: 'all', per_page: 10});
    assert.strictEqual(issues.length, 39);
    assert.strictEqual(issues.filter((issue) => issue.pull_request).length, 4);
    const since = issues.map((issue) => issue.updated_at).sort().at(-3);
    const late = await octokit.paginate(octokit.issues.listForRepo, {...live, state: 'all', since});
    assert.ok(late.every((issue) => issue.updated_at >= since));
    await octokit.issues.get({...live, issue_number: 1});
    const pulls = await octokit.paginate(octokit.pulls.list, {...live, state: 'all', per_page: 3});
    assert.strictEqual(pulls.length, 4);
    await octokit.pulls.get({...live, pull_number: pulls[0].number});
    const releases = await octokit.paginate(octokit.repos.listReleases, live);
    assert.strictEqual(releases.length, 3);
    const {data: latest} = await octokit.repos.getLatestRelease(live);
    assert.strictEqual(latest.id, releases[0].id);
    await octokit.repos.getRelease({...live, release_id: latest.id});
    await side('DELETE', `/repos/${live.owner}/${live.repo}/issues/2`);
    await refused(octokit.issues.get({...live, issue_number: 2}), 410);
});

test('people, limits, versions', async () => {
    assert.strictEqual((await octokit.users.getAuthenticated()).data.login, 'ada');
    await octokit.users.getByUsername({username: 'ben'});
    await octokit.orgs.get({org});
    assert.ok((await octokit.paginate(octokit.orgs.listMembers, {org, per_page: 5})).length > 5);
    const {data: limit, headers} = await octokit.rateLimit.get();
    assert.strictEqual(limit.resources.core.remaining, Number(headers['x-ratelimit-remaining']));
    assert.ok((await octokit.meta.getAllVersions()).data.includes('2022-11-28'));
});

test('a renamed repository is found by its old name', async () => {
    const at = where((repo) => repo.archived);
    const {data: before} = await octokit.repos.get(at);
    await side('PATCH', `/repos/${at.owner}/${at.repo}`, {name: 'renamed', owner: 'globex'});
    const reply = await octokit.repos.get(at);
    assert.deepStrictEqual([reply.data.id, reply.data.full_name, reply.url],
        [before.id, 'globex/renamed', `${url}/repositories/${before.id}`]);
});

test('what has not changed is not sent', async () => {
    const {headers} = await octokit.repos.get(live);
    const ask = () => octokit.repos.get({...live, headers: {'if-none-match': headers.etag}});
    await refused(ask(), 304);
    await side('PATCH', `/repos/${live.owner}/${live.repo}`, {description: 'changed'});
    assert.strictEqual((await ask()).data.description, 'changed');
});

test('who may not is refused', async () => {
    await side('POST', '/tokens', {token: 'dead', dead: true});
    const hidden = where((repo) => repo.private);
    await refused(client('dead').users.getAuthenticated(), 401);
    await refused(anyone.users.getAuthenticated(), 401);
    await refused(anyone.repos.get(hidden), 404);
    await refused(octokit.repos.get({owner: org, repo: 'none'}), 404);
    await refused(octokit.request('GET /versions', {headers: {'x-github-api-version': '2019-01-01'}}), 400);
    await refused(octokit.repos.listForOrg({org, sort: 'size'}), 422);
    await octokit.repos.get(hidden);
});

test('limits are told as GitHub tells them', async () => {
    await side('POST', '/faults', {rules: ['GET /versions at=1 primary=90', 'GET /versions at=2 secondary=30',
        'GET /versions at=3 limited=5', 'GET /versions at=4 status=502']});
    for (const [status, name] of [[403, 'x-ratelimit-reset'], [403, 'retry-after'], [429, 'retry-after'],
        [502, 'date']])
        await assert.rejects(octokit.meta.getAllVersions(), (error) => {
            assert.strictEqual(error.status, status);
            return name in error.response.headers;
        });
    await side('POST', '/faults', {rules: []});
});

const ask = graphql.defaults({baseUrl: url, headers: {authorization: 'token t'}});
const SWEEP = `
query($org: String!, $n: Int!, $after: String) {
  rateLimit { cost limit remaining used nodeCount resetAt }
  organization(login: $org) {
    __typename id login url name databaseId createdAt
    repositories(first: $n, after: $after, privacy: PUBLIC, isArchived: false,
                 orderBy: {field: PUSHED_AT, direction: DESC}) {
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { id } }
      nodes {
        __typename id databaseId name nameWithOwner url sshUrl mirrorUrl homepageUrl description isFork isArchived
        isDisabled isTemplate isEmpty isPrivate isMirror isInOrganization hasIssuesEnabled hasWikiEnabled
        hasProjectsEnabled hasDiscussionsEnabled visibility stargazerCount forkCount diskUsage createdAt updatedAt
        pushedAt owner { __typename id login url } primaryLanguage { name }
        licenseInfo { key name spdxId } defaultBranchRef { name target { __typename oid ... on Commit { committedDate } } }
        languages(first: 20, orderBy: {field: SIZE, direction: DESC}) {
          totalCount totalSize edges { size node { name } } nodes { name } }
        repositoryTopics(first: 20) { totalCount nodes { topic { name } } }
        r1: object(expression: "HEAD:README.md") { ...File }
        r2: object(expression: "HEAD:README.rst") { ...File }
        issues(states: OPEN) { totalCount } pullRequests(states: [OPEN, MERGED]) { totalCount }
        watchers { totalCount } stargazers { totalCount }
      }}}}
fragment File on GitObject { __typename oid ... on Blob { byteSize isBinary isTruncated text } }`;

test('a sweep by GraphQL brings the types that GitHub promises', async () => {
    const names = [];
    for (let after = null; ;) {
        const variables = {org, n: 30, after};
        const data = await ask(SWEEP, variables);
        schema.conforms(SWEEP, variables, data);
        const {nodes, edges, pageInfo} = data.organization.repositories;
        assert.deepStrictEqual(edges.map((edge) => edge.node.id), nodes.map((node) => node.id));
        names.push(...nodes.map((node) => node.name));
        if (!pageInfo.hasNextPage)
            break;
        after = pageInfo.endCursor;
    }
    const {data} = await octokit.repos.listForOrg({org, type: 'public', per_page: 1});
    assert.strictEqual(data.length, 1);
    assert.strictEqual(new Set(names).size, names.length);
    assert.ok(names.length > 90);
});

test('nodes by their ids, and part of an answer beside an error', async () => {
    const query = `query($ids: [ID!]!) {
        viewer { __typename id login databaseId }
        nodes(ids: $ids) { __typename id ... on Repository { databaseId name isEmpty
            d: object(expression: "HEAD:") { __typename ... on Tree { entries { name type mode } } }
            docs: object(expression: "HEAD:docs") { __typename ... on Tree { entries { name } } }
            r: object(expression: "HEAD:README.md") { __typename ... on Blob { text isBinary isTruncated byteSize } } } } }`;
    const some = repos.slice(0, 20).map((repo) => repo.node_id);
    const data = await ask(query, {ids: some});
    schema.conforms(query, {ids: some}, data);
    assert.deepStrictEqual(data.nodes.map((node) => node.databaseId), repos.slice(0, 20).map((repo) => repo.id));
    for (const node of data.nodes)
        assert.strictEqual(Boolean(node.r), Boolean(node.d?.entries.some((entry) => entry.name === 'README.md')));
    await assert.rejects(ask(query, {ids: [some[0], 'R_kgDOffffffff']}), (error) => {
        assert.ok(error instanceof GraphqlResponseError);
        assert.deepStrictEqual(error.errors[0].path, ['nodes', 1]);
        assert.strictEqual(error.errors[0].type, 'NOT_FOUND');
        assert.deepStrictEqual(error.data.nodes.map((node) => node && node.id), [some[0], null]);
        return true;
    });
});

test('what GraphQL refuses', async () => {
    for (const [query, type] of [
        ['{ organization(login: "nobody") { id } }', 'NOT_FOUND'],
        ['{ organization(login: "acme") { repositories(first: 101) { nodes { id } } } }', 'EXCESSIVE_PAGINATION'],
        ['{ stars }', undefined],
    ])
        await assert.rejects(ask(query), (error) => {
            assert.ok(error instanceof GraphqlResponseError, String(error));
            assert.strictEqual(error.errors[0].type, type);
            return true;
        });
    await refused(graphql.defaults({baseUrl: url})('{ viewer { login } }'), 401);
});

test('the answers were many', () => assert.ok(answers > 150, `${answers}`));
