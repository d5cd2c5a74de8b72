// Bundled for Node in place of main.js: the command.
import './node_modules/resnet-ts/dist/cli/main.js'
