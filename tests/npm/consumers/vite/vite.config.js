// Pages are opened from the folder of the project.
export default { base: "./" };
