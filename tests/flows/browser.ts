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
  readonly #names: ReadonlyMap<string, () => string>;

  /** `names`: origins that no name server knows, and where they are. */
  constructor(names: ReadonlyMap<string, () => string>) {
    this.#names = names;
  }

  /** Opens an address and follows it to its end; `stopAt` keeps it from opening an address that begins so. */
  async go(address: string, { method = 'GET', stopAt }: { method?: string; stopAt?: string } = {}): Promise<Page> {
    const visited: string[] = [];
    for (let url = new URL(address), verb = method; ; verb = 'GET') {
      visited.push(url.href);
      if (stopAt !== undefined && url.href.startsWith(stopAt)) return { status: 0, url: url.href, text: '', visited };
      const response = await this.#ask(url, verb);
      const next = response.headers.get('location');
      if (next === null || response.status < 300 || response.status >= 400)
        return { status: response.status, url: url.href, text: await response.text(), visited };
      await response.body?.cancel();
      url = new URL(next, url);
    }
  }

  async #ask(url: URL, method: string): Promise<Response> {
    const cookie = [...this.cookies]
      .filter(([key]) => key.startsWith(`${url.host} `))
      .map(([key, value]) => `${key.slice(url.host.length + 1)}=${value}`)
      .join('; ');
    const real = `${this.#names.get(url.origin)?.() ?? url.origin}${url.pathname}${url.search}`;
    const response = await fetch(real, {
      method,
      redirect: 'manual',
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(method === 'GET' ? {} : { origin: url.origin, 'sec-fetch-site': 'same-origin' }),
      },
    });
    for (const header of response.headers.getSetCookie()) {
      this.setCookies.push(header);
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      if (value === '') this.cookies.delete(`${url.host} ${name}`);
      else this.cookies.set(`${url.host} ${name}`, value);
    }
    return response;
  }
}
