/** The pages of the navigation, the palette and the keyboard: one list. */
import { BellRing, Briefcase, MemoryStick, Network, PlugZap, Server, Waypoints } from 'lucide-react';

/** `key`: pressed after `g` it opens the page. */
export const PAGES = [
  { href: '/', title: 'Clusters', key: 'c', icon: Server },
  { href: '/jobs', title: 'Jobs', key: 'j', icon: Briefcase },
  { href: '/memory', title: 'Memory', key: 'm', icon: MemoryStick },
  { href: '/collectives', title: 'Collectives', key: 'l', icon: Network },
  { href: '/traces', title: 'Traces', key: 't', icon: Waypoints },
  { href: '/alerts', title: 'Alerts', key: 'a', icon: BellRing },
  { href: '/sources', title: 'Sources', key: 's', icon: PlugZap },
] as const;
