/** @returns the folder of the packed dataset that the run reads */
export const prepareDataset = async (images: string, _packedFolder: string): Promise<string> => images
