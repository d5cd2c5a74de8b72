/** Whether tests that take minutes run as well: `RESNET_TS_MINUTES=1`, as the long run has it. */
export const takesMinutes = process.env.RESNET_TS_MINUTES === '1'
