/**
 * A queue in which one sender's backlog does not stand before another's: whoever was served least comes next, first by
 * address, then by name (cluster) within the address. A name is what the sender says, so many names get no more than one.
 *
 *   a  |####|####|####|####|####|        served: a1 b1 a2 b2 a3 a4 a5
 *   b  |####|####|
 */
export interface Sender {
  /** Of the peer; '' where it is not known. */
  readonly address: string;
  readonly name: string;
}

interface Lane<Item> {
  served: number;
  readonly items: Item[];
  /** Items before this are taken; shifted out now and then, not one by one. */
  head: number;
}

class Served<Child extends { served: number }> {
  readonly children = new Map<string, Child>();
  /** Of the child that was served last: who comes later starts here and has no credit for its absence. */
  private clock = 0;

  join(key: string, make: (served: number) => Child): Child {
    const child = this.children.get(key) ?? make(this.clock);
    this.children.set(key, child);
    return child;
  }

  inOrder(): [string, Child][] {
    return [...this.children].sort((a, b) => a[1].served - b[1].served);
  }

  serve(child: Child, cost: number): void {
    this.clock = child.served;
    child.served += cost;
  }
}

interface Address<Item> {
  served: number;
  readonly names: Served<Lane<Item>>;
}

export class FairQueue<Item extends { readonly sender: Sender; readonly cost: number }> {
  private readonly addresses = new Served<Address<Item>>();
  private count = 0;

  get length(): number {
    return this.count;
  }

  push(item: Item): void {
    const address = this.addresses.join(item.sender.address, (served) => ({ served, names: new Served() }));
    address.names.join(item.sender.name, (served) => ({ served, items: [], head: 0 })).items.push(item);
    this.count += 1;
  }

  /** The next item that may be taken now; undefined where none may. Only the oldest of each sender is asked for. */
  take(may: (item: Item) => boolean = () => true): Item | undefined {
    for (const [addressKey, address] of this.addresses.inOrder())
      for (const [name, lane] of address.names.inOrder()) {
        const item = lane.items[lane.head];
        if (item === undefined || !may(item)) continue;
        this.count -= 1;
        lane.head += 1;
        this.addresses.serve(address, item.cost);
        address.names.serve(lane, item.cost);
        if (lane.head === lane.items.length) address.names.children.delete(name);
        else if (lane.head > 1_000) {
          lane.items.splice(0, lane.head);
          lane.head = 0;
        }
        if (address.names.children.size === 0) this.addresses.children.delete(addressKey);
        return item;
      }
    return undefined;
  }
}
