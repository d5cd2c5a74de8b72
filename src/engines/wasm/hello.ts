/** What a new worker is sent, and sends back: whether it starts at all. */
export const hello = 'resnet-ts'
