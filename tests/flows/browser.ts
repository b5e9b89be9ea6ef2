// A browser as far as sign-ins need one: it follows redirects, keeps cookies by host, and finds the program under its public name.
export interface Page {
  readonly status: number;
  /** Where it ended up, with the public name. */
  readonly url: string;
  readonly text: string;
  /** Where it was on its way, the first included. */
  readonly visited: readonly string[];
}

export class Browser {
  /** `host name` → value. */
  readonly cookies = new Map<string, string>();
  /** The `Set-Cookie` headers as they came. */
  readonly setCookies: string[] = [];
  /** The `Referrer-Policy` of the page that is open. */
  #referrerPolicy = '';
  readonly #names: ReadonlyMap<string, () => string>;

  /** `names`: origins that no name server knows, and where they are. */
  constructor(names: ReadonlyMap<string, () => string>) {
    this.#names = names;
  }

  /** Opens an address and follows it to its end; `stopAt` keeps it from opening an address that begins so. `origin`: the page whose form it sends. */
  async go(
    address: string,
    { method = 'GET', stopAt, origin }: { method?: string; stopAt?: string; origin?: string } = {},
  ): Promise<Page> {
    const visited: string[] = [];
    for (let url = new URL(address), verb = method; ; verb = 'GET') {
      visited.push(url.href);
      if (stopAt !== undefined && url.href.startsWith(stopAt)) return { status: 0, url: url.href, text: '', visited };
      const response = await this.#ask(url, verb, { origin });
      const next = response.headers.get('location');
      if (next === null || response.status < 300 || response.status >= 400)
        return { status: response.status, url: url.href, text: await response.text(), visited };
      await response.body?.cancel();
      url = new URL(next, url);
    }
  }

  /** What a page's script asks of the API. `origin`: from another page than ours; null: from an old browser that names none. */
  async ask(
    address: string,
    { method = 'GET', body, origin }: { method?: string; body?: unknown; origin?: string | null } = {},
  ): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    const url = new URL(address);
    const response = await this.#ask(url, method, { origin: origin === undefined ? url.origin : origin, body });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async #ask(
    url: URL,
    method: string,
    { origin, body }: { origin: string | null | undefined; body?: unknown },
  ): Promise<Response> {
    const cookie = [...this.cookies]
      .filter(([key]) => key.startsWith(`${url.host} `))
      .map(([key, value]) => `${key.slice(url.host.length + 1)}=${value}`)
      .join('; ');
    const real = `${this.#names.get(url.origin)?.() ?? url.origin}${url.pathname}${url.search}`;
    const from = origin === undefined ? this.#origin(url) : origin;
    const site = from === null ? {} : { 'sec-fetch-site': from === url.origin ? 'same-origin' : 'cross-site' };
    const response = await fetch(real, {
      method,
      redirect: 'manual',
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(method === 'GET' || from === null ? {} : { origin: from }),
        ...(method === 'GET' ? {} : site),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    this.#referrerPolicy = response.headers.get('referrer-policy') ?? '';
    for (const header of response.headers.getSetCookie()) {
      this.setCookies.push(header);
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      if (value === '') this.cookies.delete(`${url.host} ${name}`);
      else this.cookies.set(`${url.host} ${name}`, value);
    }
    return response;
  }

  /** Fetch, “append a request Origin header”: what may have no referrer hides its origin, too, when it sends a form. */
  #origin({ origin }: URL): string {
    return this.#referrerPolicy === 'no-referrer' ? 'null' : origin;
  }
}
