import { demo } from './demo.ts'
import type { Preset } from './preset.ts'
import { smallImages } from './small-images.ts'

/**
 * How preset auto has a small network learn photographs in minutes on a CPU: the demo's network, head and optimizer, with the crops
 * and augmentation of small-images, half the demo's learning rate and a teacher that follows more slowly.
 *
 * Record (this code, ONNX Runtime, 2 busy x86 cores, seed 0, dino-vmf, 1,000 of CIFAR-10's photographs, vit_nano/4 at 32 px, batch 64,
 * K = 64; means of 75 steps that end at step 300, schedules over 1,500; MI as in training/health; first prototype's share; prototypes used):
 *
 *   2e-3, 0.98 → 0.99, teacher 0.025      MI 1.74, 15 %, 27 used; at batch 32 it came to 52 % in step 880
 *   1e-3, 0.98 → 0.99, teacher 0.025      MI 1.80, 14 %, 26 used; 1.83, 23 %, 23 used at step 450
 *   2e-3, 0.98 → 0.99, teacher 0.04       MI 1.03,  5 %, 50 used: next to a plateau; 1.23 at step 450
 *   1e-3, 0.99 → 0.999, teacher 0.025     MI 1.87,  7 %, 39 used: taken
 *
 * k-NN of the second and third at step 450, 1,000 test images: 27.0 and 26.1 % (± 2.8), no difference to go by.
 */
export const photographs: Preset = {
  ...demo,
  hyperparameters: {
    ...demo.hyperparameters,
    learningRate: 1e-3,
    teacherMomentum: [0.99, 0.999],
    crops: smallImages.hyperparameters.crops,
    augmentation: smallImages.hyperparameters.augmentation
  }
}
