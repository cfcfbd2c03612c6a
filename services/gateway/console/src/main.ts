import './ui/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { startClock } from './state/clock.svelte';
import { startLanguage } from './state/language.svelte';
import { resume } from './state/session.svelte';
import { startTheme } from './state/theme.svelte';
import { startRouting } from './state/where.svelte';
import { startTabs } from './ui/tabs';
import { startTooltips } from './ui/tooltips';

startTheme();
await startLanguage();
startClock();
startRouting();
startTooltips();
startTabs();
resume();
mount(App, { target: document.getElementById('app') as HTMLElement });
