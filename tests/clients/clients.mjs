// A stand-in that the program runs, for one test file: `const {url} = await fake('github', ...)`.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {after} from 'node:test';

const PROGRAM = process.env.DURABLE_SYNC_PROGRAM;

export async function fake(kind, ...options) {
    const child = spawn(PROGRAM, ['--json', 'fake', kind, ...options], {stdio: ['ignore', 'pipe', 'inherit']});
    const ended = once(child, 'exit');

    process.on('exit', () => child.kill('SIGKILL')); // where this process ends before its tests
    const [line] = await Promise.race([
        once(createInterface({input: child.stdout}), 'line'),
        ended.then(([code]) => { throw new Error(`${kind} left with ${code}`); }),
    ]);
    const {url} = JSON.parse(line);

    after(async () => {
        child.kill('SIGTERM');
        const [code] = await ended;
        if (code !== 0)
            throw new Error(`${kind} left with ${code}`);
    });
    return {url, side: (method, path, body) => side(url, method, path, body)};
}

// The side door, below /_fake.
async function side(url, method, path, body) {
    const reply = await fetch(`${url}/_fake${path}`, {method, body: body && JSON.stringify(body)});
    const text = await reply.text();

    if (!reply.ok)
        throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
}
