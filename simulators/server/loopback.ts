/** Whether an address stays on this machine: 127.0.0.0/8, ::1 and the name that stands for them. */
export const isLoopback = (address: string): boolean =>
  address === 'localhost' || address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
